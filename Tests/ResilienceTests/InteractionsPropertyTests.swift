import TestSupport
import Testing

@testable import Resilience

/// Reports the calls that pass at one point of a pipeline.
private struct Probe: Policy {
    var entered: @Sendable () -> Void = {}
    var refused: @Sendable (Rejection) -> Void = { _ in }

    func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        entered()
        do throws(CallFailure<Failure>) {
            return try await operation(context)
        } catch {
            if case .rejected(let rejection) = error { refused(rejection) }
            throw error
        }
    }
}

/// What is seen of all calls, by their callers and at the probes.
private final class Ledger: Sendable {
    struct Counts {
        var calls = 0
        var ends: [String: Int] = [:]
        var inside = 0
        var mostInside = 0
        var lastOpening: Duration?
        var lastAdmission: Duration?
        /// When the breaker last refused a call, and whether only because a probe was under way.
        var refused: (at: Duration, isHalfOpen: Bool)?
        var openings = 0
        var closings = 0
    }

    /// By tenths of a second.
    struct Tries {
        var first: [Int: Int] = [:]
        var again: [Int: Int] = [:]
    }

    private let counts = Locked(Counts())
    /// Separate, since reading the rest copies it.
    private let tries = Locked(Tries())

    var allTries: Tries { tries.withLock { $0 } }
    func noteTry(_ change: (inout Tries) -> Void) { tries.withLock { change(&$0) } }
    /// Counts a call; returns how many there were before.
    func begin() -> Int {
        counts.withLock { counts in
            counts.calls += 1
            return counts.calls - 1
        }
    }

    var now: Counts { counts.withLock { $0 } }
    func note(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }
}

@Suite("Policies together, by random sequences", .timeLimit(.minutes(10)))
struct InteractionsPropertyTests {
    /// The dependency's state.
    private struct Weather: Sendable {
        var failing: Double
        var slow: Double

        static let all = [
            Weather(failing: 0.02, slow: 0.02), Weather(failing: 0.3, slow: 0.3),
            Weather(failing: 1, slow: 0.5),
        ]
        static let fine = Weather(failing: 0, slow: 0)
    }

    private final class Sky: Sendable {
        private let weather = Locked(Weather.fine)

        var now: Weather {
            get { weather.withLock { $0 } }
            set { weather.withLock { $0 = newValue } }
        }
    }

    private static let workers = 64
    private static let calls = 110_000
    private static let bulkhead = Bulkhead.Configuration(limit: 16, waiting: 16, reserved: 2)
    private static let budget = RetryBudget.Configuration(
        share: 0.1, minimumPerSecond: 2, window: .seconds(2))
    private static let breaker = CircuitBreaker.Configuration(
        window: .time(.seconds(1)), minimumCalls: 10, failureRate: 0.5, slowCall: .milliseconds(70),
        slowCallRate: 0.6,
        openDuration: .milliseconds(100), longestOpenDuration: .milliseconds(800), probes: 2,
        probeTimeout: .milliseconds(300))

    private let seed: UInt64
    private let time = CrowdTime(workers: workers)
    private let ledger = Ledger()
    private let weather = Sky()
    private let bulkhead: Bulkhead
    private let breaker: CircuitBreaker
    private let retry: Retry
    private let (total, each): (Timeout, Timeout)

    init() throws {
        seed = SeededRandomSource("five policies under random calls").seed
        let environment = PolicyEnvironment(
            time: time.source, random: .seeded(seed),
            report: { [time, ledger] event in
                let elapsed = time.elapsed
                if case .retrying = event.kind {
                    ledger.noteTry { $0.again[Self.tenth(elapsed), default: 0] += 1 }
                }
                ledger.note { counts in
                    switch event.kind {
                    case .breakerChanged(_, to: .open, _):
                        counts.openings += 1
                        counts.lastOpening = elapsed
                    case .breakerChanged(_, to: .closed, _): counts.closings += 1
                    default: break
                    }
                }
            })
        bulkhead = try Bulkhead(Self.bulkhead, environment: environment)
        breaker = try CircuitBreaker(Self.breaker, environment: environment)
        let backoff = Backoff(base: .milliseconds(10), cap: .milliseconds(50))
        retry = try Retry(
            .init(attempts: 3, backoff: backoff), budget: RetryBudget(Self.budget), environment: environment)
        total = try Timeout(.milliseconds(400), environment: environment)
        each = try Timeout(.milliseconds(100), environment: environment)
        time.watch(bulkhead)
    }

    /// Most events happen at full hundredths of a second, many of them at once: for the sake of races, and of
    /// speed.
    private static func tens(_ random: RandomSource, _ range: ClosedRange<Int>) -> Duration {
        .milliseconds(10 * (range.lowerBound + Int(random.next() % UInt64(range.count))))
    }

    private static func untilTheNextTen(_ elapsed: Duration) -> Duration {
        let ten = Duration.milliseconds(10).attoseconds
        return Duration(attoseconds: (ten - elapsed.attoseconds % ten) % ten)
    }

    private static func tenth(_ elapsed: Duration) -> Int { Int(elapsed / .milliseconds(100)) }

    private var pipeline: some Policy {
        Pipeline {
            bulkhead
            total
            Probe(entered: { [time, ledger] in
                let tenth = Self.tenth(time.elapsed)
                ledger.noteTry { $0.first[tenth, default: 0] += 1 }
            })
            retry
            Probe(refused: { [time, ledger] rejection in
                let elapsed = time.elapsed
                if case .circuitOpen(let retryAfter) = rejection {
                    ledger.note { $0.refused = (elapsed, isHalfOpen: retryAfter == .zero) }
                }
            })
            breaker
            Probe(entered: { [time, ledger] in
                let elapsed = time.elapsed
                ledger.note { $0.lastAdmission = elapsed }
            })
            each
        }
    }

    // MARK: The calls

    /// One random call, and its limits.
    private struct Plan: Sendable {
        var budget: Duration
        var isIdempotent: Bool
        var priority: Priority
        var random: RandomSource
        /// Ignores its deadline.
        var isDeaf: Bool
    }

    private func begin(_ plan: Plan) -> Task<Void, Never> {
        Task { [time, ledger, weather, pipeline] in
            await CrowdTime.Caller.$current.withValue(CrowdTime.Caller()) {
                let started = time.elapsed
                let deadline = Deadline(time.instant(started + plan.budget))
                let context = CallContext(
                    deadline: deadline, priority: plan.priority, isIdempotent: plan.isIdempotent)
                let tries = Recorded<Int>()
                let end: String
                do throws(CallFailure<TryFailure>) {
                    try await pipeline.run(context, classify: { _ in Self.disposition(plan.random) }) {
                        context throws(TryFailure) in
                        tries.add(context.attempt)
                        ledger.note { counts in
                            counts.inside += 1
                            counts.mostInside = max(counts.mostInside, counts.inside)
                        }
                        defer { ledger.note { $0.inside -= 1 } }
                        let weather = weather.now
                        let isSlow = plan.random.unit() < weather.slow
                        var latency = Self.tens(plan.random, 1...(isSlow ? 20 : 3))
                        if plan.isDeaf { latency *= 20 }
                        latency += Self.untilTheNextTen(time.elapsed)
                        let left = context.deadline?.remaining(at: time.source.now()) ?? .zero
                        if left <= .zero { Issue.record("a try was made with no time left") }
                        do { try await time.source.sleep(plan.isDeaf ? latency : min(latency, left)) } catch {
                            throw TryFailure()
                        }
                        if latency >= left && !plan.isDeaf { throw TryFailure() }
                        if plan.random.unit() < weather.failing { throw TryFailure() }
                    }
                    end = "success"
                } catch {
                    end = Self.name(error)
                }
                let ended = time.elapsed
                ledger.note { $0.ends[end, default: 0] += 1 }
                // A call without a try ended at its deadline at the latest, whatever its operation would have
                // done.
                if !plan.isDeaf || tries.all.isEmpty, ended > started + max(.zero, plan.budget) {
                    Issue.record(
                        "a call of \(plan.budget) ended \(ended - started) after its beginning: \(end)")
                }
                if tries.all != Array(1...3).prefix(tries.all.count).map({ $0 })
                    || (!plan.isIdempotent && tries.all.count > 1)
                {
                    Issue.record("tries: \(tries.all)")
                }
            }
        }
    }

    /// Mostly the dependency's fault; sometimes a refusal, nothing that can be learned, or a Retry-After.
    private static func disposition(_ random: RandomSource) -> Disposition {
        switch random.next() % 20 {
        case 0: .refusal
        case 1: .ignored
        case 2: .permanent
        case 3: .busy(retryAfter: .milliseconds(Int(random.next() % 300)))
        default: .transient
        }
    }

    private static func name(_ failure: CallFailure<TryFailure>) -> String {
        switch failure {
        case .failed: "failure"
        case .rejected(.circuitOpen): "circuitOpen"
        case .rejected(.bulkheadFull): "bulkheadFull"
        case .rejected(.deadlineExceeded): "deadlineExceeded"
        case .rejected(.cancelled): "cancelled"
        case .rejected(let other): "\(other)"
        }
    }

    private func work(_ random: RandomSource, _ under: Held) async {
        var number = ledger.begin()
        while number < Self.calls {
            let isCalm = number > Self.calls * 9 / 10
            let call = begin(
                Plan(
                    budget: Self.tens(random, -1...60), isIdempotent: random.next() % 4 != 0,
                    priority: Priority(rank: Int(random.next() % 3)), random: random,
                    isDeaf: !isCalm && random.next() % 12 == 0))
            under.begin(call)
            await call.value
            if let cancelled = under.end(), cancelled != time.elapsed {
                Issue.record("a call that was cancelled at \(cancelled) ended at \(time.elapsed)")
            }
            try? await time.source.sleep(Self.untilTheNextTen(time.elapsed) + Self.tens(random, 1...10))
            number = ledger.begin()
        }
        time.leave()
    }

    // MARK: The properties

    @Test("under all five policies each keeps its documented properties, whatever the calls do")
    func promises() async throws {
        let under = (0..<Self.workers).map { _ in Held() }
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<Self.workers {
                group.addTask { [seed] in await work(.seeded(seed &+ UInt64(index) &* 7919), under[index]) }
            }
            await drive(under)
        }
        let counts = ledger.now
        print("  ends: \(counts.ends), openings: \(counts.openings), virtual time: \(time.elapsed)")
        #expect(counts.ends.values.reduce(0, +) == Self.calls)
        #expect(counts.mostInside == Self.bulkhead.limit && counts.inside == 0)
        #expect(bulkhead.snapshot.inUse == 0 && bulkhead.snapshot.waiting == 0)
        // Every kind of end has happened, so that no property holds only for want of cases.
        for end in ["success", "failure", "circuitOpen", "bulkheadFull", "deadlineExceeded", "cancelled"] {
            #expect(counts.ends[end, default: 0] > 100, "\(end): \(counts.ends)")
        }
        #expect(counts.openings > 10 && counts.closings > 5 && breaker.phase == .closed)
        checkBudget(ledger.allTries)
    }

    /// A worker's call, for another task to cancel.
    private final class Held: Sendable {
        private let state = Locked<(call: Task<Void, Never>?, cancelled: Duration?)>((nil, nil))

        func begin(_ call: Task<Void, Never>) { state.withLock { $0 = (call, nil) } }

        /// - Returns: when it was cancelled, if it was.
        func end() -> Duration? {
            state.withLock { state in
                state.call = nil
                return state.cancelled
            }
        }

        func cancel(at elapsed: Duration) {
            let call = state.withLock { state in
                if state.call != nil { state.cancelled = state.cancelled ?? elapsed }
                return state.call
            }
            call?.cancel()
        }
    }

    /// Moves time, changes the dependency's state, and cancels a call from time to time.
    private func drive(_ under: [Held]) async {
        let random = RandomSource.seeded(seed &+ 1)
        var nextWeather = Duration.zero
        while await time.quiet() {
            let counts = ledger.now
            let elapsed = time.elapsed
            check(counts, elapsed)
            if random.next() % 3 == 0 {
                for _ in 0..<4 { under[Int(random.next() % UInt64(under.count))].cancel(at: elapsed) }
                guard await time.quiet() else { return }
            }
            if counts.calls > Self.calls * 9 / 10 {
                weather.now = .fine
            } else if elapsed >= nextWeather {
                weather.now = Weather.all[Int(random.next() % 3)]
                nextWeather = elapsed + .milliseconds(500 + Int(random.next() % 2000))
            }
            time.advance()
        }
    }

    /// The breaker refuses a call only because it has just opened or because a probe is under way: it never
    /// sticks.
    private func check(_ counts: Ledger.Counts, _ elapsed: Duration) {
        guard let refused = counts.refused, refused.at == elapsed else { return }
        let (since, limit) =
            refused.isHalfOpen
            ? (counts.lastAdmission, Self.breaker.probeTimeout)
            : (counts.lastOpening, Self.breaker.longestOpenDuration)
        if since.map({ elapsed < $0 + limit }) != true {
            Issue.record("stuck at \(elapsed): \(breaker.snapshot)")
        }
    }

    /// Over any period: the share of the calls in it and in the window before, and the minimum for both.
    private func checkBudget(_ tries: Ledger.Tries) {
        let (end, window) = (Self.tenth(time.elapsed) + 1, Self.tenth(Self.budget.window))
        var (retriesUntil, callsUntil) = ([0], [0])
        for tenth in 0..<end {
            retriesUntil.append(retriesUntil[tenth] + tries.again[tenth, default: 0])
            callsUntil.append(callsUntil[tenth] + tries.first[tenth, default: 0])
        }
        #expect(retriesUntil[end] > 500)
        for from in 0..<end {
            for to in stride(from: from + 1, through: end, by: 7) {
                let retries = retriesUntil[to] - retriesUntil[from]
                let calls = callsUntil[to] - callsUntil[max(0, from - window)]
                let seconds = Double(to - from + window) / 10
                let allowed = Self.budget.share * Double(calls) + Self.budget.minimumPerSecond * seconds
                if Double(retries) > allowed + 1e-6 {
                    Issue.record("\(retries) retries of \(allowed) in \(from)..<\(to)")
                }
            }
        }
    }
}
