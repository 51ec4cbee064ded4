import TestSupport
import Testing

@testable import Resilience

/// A list of callers, each with the work it waits for; everything else follows from it.
private struct ObviousFlights {
    struct Caller {
        let id: UInt64
        let key: Int
        let work: Int
    }
    var callers: [Caller] = []
    /// Works that haven't ended, with their key, and whether a caller was told to cancel them.
    var works: [Int: (key: Int, isCancelled: Bool)] = [:]

    func work(for key: Int) -> Int? { callers.first { $0.key == key }?.work }
}

@Suite("Single flight, against an obvious model")
struct SingleFlightPropertyTests {
    @Test(
        "every caller gets the outcome of its own flight or leaves alone, and work ends with its last caller")
    func model() throws {
        var random = SeededRandomSource("single flight")
        for _ in 0..<200 { try run(&random, limit: 1 + random.upTo(6), steps: 500) }
    }

    private func run(_ random: inout SeededRandomSource, limit: Int, steps: Int) throws {
        var state = SingleFlightState<Int, String, Int>(maximumFlights: limit)
        var model = ObviousFlights()
        // Works whose handle the state doesn't have yet: between joining and starting.
        var unannounced: Set<Int> = []
        for _ in 0..<steps {
            switch random.upTo(5) {
            case 0, 1:
                let (key, caller) = (random.upTo(4), state.newCaller())
                let joined = state.join(key, caller, "\(caller)")
                if let work = model.work(for: key) {
                    try #require(joined == .another)
                    model.callers.append(.init(id: caller, key: key, work: work))
                } else if model.works.count == limit {
                    try #require(joined == .full)
                } else {
                    try #require(joined == .first)
                    model.works[Int(caller)] = (key, false)
                    model.callers.append(.init(id: caller, key: key, work: Int(caller)))
                    unannounced.insert(Int(caller))
                }
            case 2:
                guard let work = unannounced.sorted().randomElement(using: &random) else { continue }
                unannounced.remove(work)
                guard let key = model.works[work]?.key else { continue }
                let isWanted = model.callers.contains { $0.work == work }
                try #require(state.started(key, flight: UInt64(work), work: work) == (isWanted ? nil : work))
                if !isWanted { model.works[work]?.isCancelled = true }
            case 3:
                // A waiting caller, or one that has gone.
                let caller = model.callers.randomElement(using: &random).map { ($0.key, $0.id) } ?? (0, 0)
                let isThere = random.upTo(4) > 0 && caller.1 > 0
                let left = state.leave(caller.0, isThere ? caller.1 : 1_000_000)
                guard isThere, let gone = model.callers.first(where: { $0.id == caller.1 }) else {
                    try #require(left.waiter == nil && left.abandoned == nil)
                    continue
                }
                model.callers.removeAll { $0.id == gone.id }
                try #require(left.waiter == "\(gone.id)")
                let isLast = !model.callers.contains { $0.work == gone.work }
                try #require(left.abandoned == (isLast && !unannounced.contains(gone.work) ? gone.work : nil))
                if left.abandoned != nil { model.works[gone.work]?.isCancelled = true }
            default:
                guard let (work, entry) = model.works.min(by: { $0.key &* 31 % 7 < $1.key &* 31 % 7 }) else {
                    continue
                }
                let waiters = state.finish(entry.key, flight: UInt64(work))
                try #require(Set(waiters) == Set(model.callers.filter { $0.work == work }.map { "\($0.id)" }))
                model.callers.removeAll { $0.work == work }
                model.works[work] = nil
            }
            try #require(state.running == model.works.count && state.running <= limit)
            try #require(state.callers == model.callers.count)
            for (work, entry) in model.works where !unannounced.contains(work) {
                // Cancelled exactly when no caller waits for it.
                try #require(entry.isCancelled == !model.callers.contains { $0.work == work })
            }
        }
        // Every caller left can leave, and nothing stays behind.
        for caller in model.callers { try #require(state.leave(caller.key, caller.id).waiter != nil) }
        for (work, entry) in model.works {
            try #require(state.finish(entry.key, flight: UInt64(work)).isEmpty)
        }
        try #require(state.running == 0 && state.callers == 0)
    }
}
