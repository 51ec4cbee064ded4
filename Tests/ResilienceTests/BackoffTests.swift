import Resilience
import Testing

@Suite("Backoff and deadline")
struct BackoffTests {
    @Test("every wait lies between the floor and the cap, and the bound doubles up to it")
    func bounds() {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), floor: .milliseconds(100))
        var chance = SystemRandomNumberGenerator()
        for failures in 0...100 {
            let bound = min(Duration.seconds(5), .milliseconds(200) * (1 << min(max(failures, 1) - 1, 20)))
            for _ in 0..<100 {
                let delay = backoff.delay(afterFailures: failures, using: &chance)
                #expect(delay >= .milliseconds(100) && delay <= bound)
            }
        }
    }

    @Test("waits are spread over their whole range")
    func jitter() {
        let backoff = Backoff(base: .seconds(1), cap: .seconds(1))
        var chance = SystemRandomNumberGenerator()
        let delays = (0..<1000).map { _ in backoff.delay(afterFailures: 1, using: &chance) }
        #expect(delays.contains { $0 < .milliseconds(100) } && delays.contains { $0 > .milliseconds(900) })
    }

    @Test("an attempt gets what is left less the margin, never more than its limit and never less than nothing")
    func allowance() {
        let now = ContinuousClock.now
        let deadline = Deadline.after(.milliseconds(500), from: now)
        #expect(deadline.allowance(upTo: .milliseconds(200), at: now) == .milliseconds(200))
        #expect(deadline.allowance(upTo: .seconds(2), margin: .milliseconds(20), at: now) == .milliseconds(480))
        #expect(deadline.allowance(upTo: .seconds(2), at: now.advanced(by: .seconds(1))) == .zero)
        #expect(!deadline.hasPassed(at: now))
        #expect(deadline.hasPassed(at: now.advanced(by: .milliseconds(500))))
    }
}
