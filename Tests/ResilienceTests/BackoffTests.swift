import Resilience
import Testing

@Suite("Backoff and deadline")
struct BackoffTests {
    @Test("every wait lies between the floor and the cap, and the bound doubles up to it")
    func bounds() {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), floor: .milliseconds(100))
        var random = SystemRandomNumberGenerator()
        for failures in 0...100 {
            let bound = min(Duration.seconds(5), .milliseconds(200) * (1 << min(max(failures, 1) - 1, 20)))
            for _ in 0..<100 {
                let delay = backoff.delay(afterFailures: failures, using: &random)
                #expect(delay >= .milliseconds(100) && delay <= bound)
            }
        }
    }

    @Test("waits are spread over their whole range")
    func jitter() {
        let backoff = Backoff(base: .seconds(1), cap: .seconds(1))
        var random = SystemRandomNumberGenerator()
        let delays = (0..<1000).map { _ in backoff.delay(afterFailures: 1, using: &random) }
        #expect(delays.contains { $0 < .milliseconds(100) } && delays.contains { $0 > .milliseconds(900) })
    }

    @Test(
        "decorrelated jitter is drawn from the base to three times the last wait, at most the cap"
    )
    func decorrelated() {
        let backoff = Backoff(base: .milliseconds(100), cap: .seconds(1), jitter: .decorrelated)
        #expect(backoff.bounds(afterFailures: 1) == .milliseconds(100) ... .milliseconds(300))
        #expect(
            backoff.bounds(afterFailures: 7, previous: .milliseconds(200)) == .milliseconds(100)
                ... .milliseconds(600))
        #expect(
            backoff.bounds(afterFailures: 2, previous: .milliseconds(500)) == .milliseconds(100)
                ... .seconds(1))
        let random = RandomSource.seeded(1)
        var previous: Duration?
        var delays: [Duration] = []
        for failures in 1...1000 {
            let bounds = backoff.bounds(afterFailures: failures, previous: previous)
            let delay = backoff.delay(afterFailures: failures, previous: previous, using: random)
            #expect(bounds.contains(delay))
            delays.append(delay)
            previous = delay
        }
        #expect(delays.contains { $0 > .milliseconds(900) } && delays.contains { $0 < .milliseconds(150) })
        #expect(Set(delays).count > 990)
    }

    @Test("every wrong number is listed, with its name, its value and its range")
    func problems() {
        let problems = Backoff(base: .zero, cap: .seconds(90_000), floor: .seconds(-1)).problems
        #expect(problems.count == 3)
        for (problem, name) in zip(
            problems, ["base is 0.0 seconds", "cap is 90000.0 seconds", "floor is -1.0 seconds"])
        {
            #expect(problem.hasPrefix(name + "; it must be"))
        }
        #expect(Backoff(base: .seconds(1), cap: .seconds(1)).problems.isEmpty)
        #expect(Backoff(base: .seconds(2), cap: .seconds(1)).problems.count == 1)
    }

    @Test("wrong numbers still give a wait that is neither negative nor above the largest of them")
    func total() {
        let odd: [Duration] = [.seconds(-5), .zero, .nanoseconds(1), .seconds(1), .seconds(Int64.max)]
        let random = RandomSource.seeded(2)
        for base in odd {
            for cap in odd {
                for floor in odd {
                    for jitter in Backoff.Jitter.allCases {
                        let backoff = Backoff(base: base, cap: cap, floor: floor, jitter: jitter)
                        for failures in [Int.min, 0, 1, 2, 64, Int.max] {
                            let delay = backoff.delay(afterFailures: failures, previous: cap, using: random)
                            #expect(delay >= .zero && delay <= max(base, cap, floor, .zero))
                        }
                    }
                }
            }
        }
    }

    @Test(
        "an attempt gets what is left less the margin, never more than its limit and never a negative time")
    func allowance() {
        let now = ContinuousClock.now
        let deadline = Deadline.after(.milliseconds(500), from: now)
        #expect(deadline.allowance(upTo: .milliseconds(200), at: now) == .milliseconds(200))
        #expect(
            deadline.allowance(upTo: .seconds(2), margin: .milliseconds(20), at: now) == .milliseconds(480))
        #expect(deadline.allowance(upTo: .seconds(2), at: now.advanced(by: .seconds(1))) == .zero)
        #expect(!deadline.hasPassed(at: now))
        #expect(deadline.hasPassed(at: now.advanced(by: .milliseconds(500))))
    }
}
