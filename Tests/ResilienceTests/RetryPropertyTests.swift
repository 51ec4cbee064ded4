import Resilience
import TestSupport
import Testing

@Suite("Retry, under every sequence", .timeLimit(.minutes(10)))
struct RetryPropertyTests {
    /// What one call did, as its operation saw it.
    private struct Trace {
        var attempts: [Int] = []
        var begun: [Duration] = []
        var ended: [Duration] = []
        var dispositions: [Disposition] = []
    }

    @Test(
        "never more tries than configured, none too early, past the deadline, or against failure and budget"
    )
    func tries() async throws {
        var random = SeededRandomSource("Retry")
        let time = LeapingTime()
        let spent = Locked(0)
        let environment = PolicyEnvironment(
            time: time.source, random: .seeded(random.seed &+ 1),
            report: { if $0.kind == .retryBudgetSpent { spent.withLock { $0 += 1 } } })
        var (steps, calls, early) = (0, 0, 0)
        while steps < 100_000 {
            let configuration = Retry.Configuration(
                attempts: 1 + random.upTo(10),
                backoff: Backoff(
                    base: .milliseconds(10 + random.upTo(40)), cap: .milliseconds(50 + random.upTo(200)),
                    floor: .milliseconds(random.upTo(10)), jitter: random.upTo(2) == 0 ? .full : .decorrelated
                ),
                minimumAttempt: .milliseconds(random.upTo(20)))
            let budget = random.upTo(4) == 0 ? nil : RetryBudget()
            let retry = try Retry(configuration, budget: budget, environment: environment)
            for _ in 0..<40 {
                let bound = random.upTo(3) == 0 ? nil : Duration.milliseconds(random.upTo(1_500))
                let deadline = bound.map { Deadline.after(time.elapsed + $0, from: time.start) }
                let context = CallContext(deadline: deadline, isIdempotent: random.upTo(8) != 0)
                let script = Locked<SeededRandomSource>(random)
                for _ in 0..<16 { _ = random.next() }
                let trace = Locked(Trace())
                let refusedBefore = spent.withLock { $0 }
                var failure: CallFailure<TryFailure>?
                do throws(CallFailure<TryFailure>) {
                    try await retry.apply(context) { (context) async throws(CallFailure<TryFailure>) in
                        let outcome = script.withLock { ($0.upTo(10), $0.upTo(30)) }
                        let begun = time.elapsed
                        time.advance(by: .milliseconds(outcome.1))
                        let disposition: Disposition? =
                            switch outcome.0 {
                            case 0, 1: nil
                            case 2: .refusal
                            case 3: .busy(retryAfter: .milliseconds(outcome.1 * 5))
                            default: .transient
                            }
                        let number = trace.withLock {
                            $0.attempts.append(context.attempt)
                            $0.begun.append(begun)
                            $0.ended.append(time.elapsed)
                            if let disposition { $0.dispositions.append(disposition) }
                            return $0.attempts.count
                        }
                        if let disposition { throw .failed(TryFailure(number: number), disposition) }
                    }
                } catch {
                    failure = error
                }
                let seen = trace.withLock { $0 }
                let tries = seen.attempts.count
                let wasRefused = spent.withLock { $0 } > refusedBefore
                calls += 1
                steps += tries + 1

                try #require(
                    tries >= 1 && tries <= configuration.attempts && (context.isIdempotent || tries == 1))
                try #require(seen.attempts == Array(1...tries))
                for index in 1..<max(tries, 1) {
                    let wait = seen.begun[index] - seen.ended[index - 1]
                    let asked = seen.dispositions[index - 1].retryAfter ?? .zero
                    try #require(seen.dispositions[index - 1].isRetryable)
                    let lowest = asked + configuration.backoff.floor
                    try #require(
                        wait >= min(lowest, configuration.backoff.cap) && wait <= configuration.backoff.cap)
                    if let deadline {
                        let left = deadline.remaining(at: time.start.advanced(by: seen.begun[index]))
                        try #require(left > configuration.minimumAttempt)
                    }
                }
                if let failure {
                    let last = try #require(seen.dispositions.last)
                    try #require(seen.dispositions.count == tries)
                    try #require(failure == .failed(TryFailure(number: tries), last))
                    // It gave up for one of the reasons, and not before.
                    let end = try #require(seen.ended.last)
                    let longest =
                        (last.retryAfter ?? .zero) + configuration.backoff.cap + configuration.minimumAttempt
                    let mayNotFit =
                        deadline.map { $0.remaining(at: time.start.advanced(by: end)) <= longest } ?? false
                    let asksTooMuch = last.retryAfter.map { $0 > configuration.backoff.cap } ?? false
                    let isOver =
                        asksTooMuch || tries == configuration.attempts || !last.isRetryable
                        || !context.isIdempotent
                    try #require(isOver || mayNotFit || (wasRefused && budget != nil))
                    try #require(time.elapsed == end, "nothing is slept through before giving up")
                    if !isOver { early += 1 }
                } else {
                    try #require(seen.dispositions.count == tries - 1)
                }
            }
        }
        #expect(early > 500, "deadline and budget were met")
    }
}
