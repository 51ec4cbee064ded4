import Testing

@testable import Resilience

@Suite("Retry budget")
struct RetryBudgetTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func taken(_ budget: RetryBudget, at seconds: Double) -> Int {
        var count = 0
        while count < 10_000, budget.withdraw(now: at(seconds)) { count += 1 }
        return count
    }

    @Test("before the first call there is the minimum of one window, once")
    func minimum() {
        let budget = RetryBudget()
        #expect(taken(budget, at: 0) == 10)
        #expect(taken(budget, at: 8.9) == 0)
        #expect(taken(budget, at: 10) == 10)
    }

    @Test("calls earn their share, on top of the minimum")
    func share() throws {
        let budget = try RetryBudget(.init(share: 0.2, minimumPerSecond: 0, window: .seconds(10)))
        #expect(taken(budget, at: 0) == 0)
        for _ in 0..<100 { budget.deposit(now: at(0)) }
        #expect(budget.snapshot(now: at(0)) == .init(calls: 100, retries: 0, left: 20))
        #expect(taken(budget, at: 1) == 20)
        #expect(budget.snapshot(now: at(1)) == .init(calls: 100, retries: 20, left: 0))
    }

    @Test("a share without an exact value gives the hundredth call its retry all the same")
    func rounding() throws {
        let budget = try RetryBudget(.init(share: 0.29, minimumPerSecond: 0, window: .seconds(10)))
        for _ in 0..<100 { budget.deposit(now: at(0)) }
        #expect(0.29 * 100 < 29 && taken(budget, at: 0) == 29)
    }

    @Test("what isn't used within the window is gone: quiet hours save nothing up")
    func forgets() throws {
        let budget = try RetryBudget(.init(share: 0.5, minimumPerSecond: 0, window: .seconds(10)))
        for second in 0..<3_600 { budget.deposit(now: at(Double(second))) }
        #expect(taken(budget, at: 3_599) == 5)
        for _ in 0..<10 { budget.deposit(now: at(3_600)) }
        #expect(taken(budget, at: 3_700) == 0)
    }

    @Test("a call that comes with an older time counts all the same")
    func olderTime() throws {
        let budget = try RetryBudget(.init(share: 1, minimumPerSecond: 0, window: .seconds(1)))
        budget.deposit(now: at(100))
        budget.deposit(now: at(50))
        #expect(taken(budget, at: 100) == 2)
    }

    @Test("new numbers count at once, and what was taken stays taken")
    func reconfigured() throws {
        let budget = RetryBudget()
        #expect(taken(budget, at: 0) == 10)
        try budget.reconfigure(.init(share: 0.1, minimumPerSecond: 2, window: .seconds(10)))
        #expect(taken(budget, at: 0) == 10)
        try budget.reconfigure(.init(share: 0.1, minimumPerSecond: 1, window: .seconds(20)))
        #expect(taken(budget, at: 0) == 0)
        #expect(budget.snapshot(now: at(0)) == .init(calls: 0, retries: 20, left: 0))
        #expect(taken(budget, at: 40) == 20)
    }

    @Test("every wrong number is listed, and the old ones stay")
    func configuration() throws {
        let wrong = RetryBudget.Configuration(share: 1.5, minimumPerSecond: .nan, window: .zero)
        #expect(wrong.problems.count == 3)
        #expect(throws: InvalidConfiguration.self) { try RetryBudget(wrong) }
        let budget = RetryBudget()
        #expect(throws: InvalidConfiguration(policy: "RetryBudget", problems: wrong.problems)) {
            try budget.reconfigure(wrong)
        }
        #expect(budget.configuration == RetryBudget.Configuration())
    }
}
