import TestSupport
import Testing

@testable import Resilience

@Suite("Retry budget, under every sequence")
struct RetryBudgetPropertyTests {
    /// Remembers every event with its time, and counts anew each time.
    private struct Model {
        /// In hundredths.
        let share: Int
        /// In tenths.
        let minimumPerSecond: Int
        /// In milliseconds, as all times are.
        let window: Int
        var calls: [Int] = []
        var retries: [Int] = []
        var first: Int?

        private func bucket(_ time: Int) -> Int { (time - (first ?? time)) / (window / 10) }

        func counted(_ events: [Int], at now: Int) -> Int {
            var count = 0
            for time in events.reversed() {
                guard bucket(time) > bucket(now) - 10 else { break }
                count += 1
            }
            return count
        }

        func allows(at now: Int) -> Bool {
            // In hundred-thousandths, so that nothing is rounded.
            let allowed = 1_000 * share * counted(calls, at: now) + 10 * minimumPerSecond * window
            return 100_000 * (counted(retries, at: now) + 1) <= allowed
        }
    }

    @Test(
        "it answers as a list of all events would, and keeps its documented bound over any period"
    )
    func model() throws {
        var random = SeededRandomSource("RetryBudget")
        let start = ContinuousClock.now
        var (steps, granted, denied) = (0, 0, 0)
        while steps < 100_000 {
            let (share, minimum, window) = (random.upTo(101), random.upTo(30), 1_000 + 10 * random.upTo(400))
            let configuration = RetryBudget.Configuration(
                share: Double(share) / 100, minimumPerSecond: Double(minimum) / 10,
                window: .milliseconds(window))
            try configuration.validate()
            var state = RetryBudgetState(configuration)
            var model = Model(share: share, minimumPerSecond: minimum, window: window)
            var now = random.upTo(1_000)
            let eagerness = 1 + random.upTo(9)
            for _ in 0..<2_000 {
                steps += 1
                switch random.upTo(100) {
                case 0: now += random.upTo(window * 3)
                case 1: now += window / 10 * random.upTo(11)
                case ..<60: now += random.upTo(40)
                default: break
                }
                let instant = start.advanced(by: .milliseconds(now))
                if model.first == nil { model.first = now }
                if random.upTo(10) < eagerness {
                    let expected = model.allows(at: now)
                    let allowed = state.withdraw(now: instant)
                    try #require(allowed == expected, "withdrawal at \(now) ms, step \(steps)")
                    if allowed { model.retries.append(now) }
                    if allowed { granted += 1 } else { denied += 1 }
                } else {
                    state.deposit(now: instant)
                    model.calls.append(now)
                }
                let snapshot = state.snapshot(now: instant)
                // Whatever the buckets: nothing older than a window counts, and nothing younger than nine
                // tenths of one is lost.
                if steps % 16 == 0 {
                    let (young, old) = (now - window * 9 / 10, now - window)
                    try #require(snapshot.calls >= model.calls.count { $0 > young })
                    try #require(snapshot.calls <= model.calls.count { $0 > old })
                    try #require(snapshot.retries >= model.retries.count { $0 > young })
                    try #require(snapshot.retries <= model.retries.count { $0 > old })
                }
            }
            for _ in 0..<20 {
                let from = (model.first ?? 0) + random.upTo(max(1, now - window))
                let length = window + random.upTo(window * 5)
                let retries = model.retries.count { $0 > from && $0 <= from + length }
                let calls = model.calls.count { $0 > from - window && $0 <= from + length }
                let allowed = 1_000 * share * calls + 10 * minimum * (length + window + window / 10)
                try #require(100_000 * retries <= allowed)
            }
        }
        #expect(granted > 1_000 && denied > 1_000)
    }
}
