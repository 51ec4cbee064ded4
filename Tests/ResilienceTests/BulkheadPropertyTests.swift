import TestSupport
import Testing

@testable import Resilience

/// A bulkhead that computes anew, each time, which calls run and which wait.
private struct ObviousBulkhead {
    var configuration: Bulkhead.Configuration
    var inside: Set<UInt64> = []
    /// In the order of arrival.
    var waiting: [(id: UInt64, rank: Int)] = []

    func share(_ rank: Int) -> Int {
        rank >= configuration.reservedFrom.rank
            ? configuration.limit : configuration.limit - configuration.reserved
    }

    /// The next one: of the highest waiting rank, the one that came first.
    var next: (id: UInt64, rank: Int)? {
        let highest = waiting.map(\.rank).max()
        return waiting.first { $0.rank == highest }
    }

    /// The last one: of the lowest waiting rank, the one that came last.
    var last: (id: UInt64, rank: Int)? {
        let lowest = waiting.map(\.rank).min()
        return waiting.last { $0.rank == lowest }
    }

    mutating func admit() -> [UInt64] {
        var admitted: [UInt64] = []
        while let next, inside.count < share(next.rank) {
            waiting.removeAll { $0.id == next.id }
            inside.insert(next.id)
            admitted.append(next.id)
        }
        return admitted
    }
}

@Suite("A bulkhead, by random sequences")
struct BulkheadPropertyTests {
    private static func configuration(_ random: inout SeededRandomSource) -> Bulkhead.Configuration {
        let limit = 1 + random.upTo(6)
        return .init(
            limit: limit, waiting: random.upTo(5), reserved: random.upTo(limit),
            reservedFrom: Priority(rank: random.upTo(4)))
    }

    @Test("does what an obvious model does, and never exceeds its limit")
    func model() throws {
        var random = SeededRandomSource("bulkhead against its model")
        var model = ObviousBulkhead(configuration: Self.configuration(&random))
        var state = BulkheadState(model.configuration)
        for step in 0..<200_000 {
            let id = UInt64(step)
            switch random.upTo(100) {
            case ..<50:
                let rank = random.upTo(4)
                let mayGo =
                    model.inside.count < model.share(rank) && !model.waiting.contains { $0.rank >= rank }
                try #require(
                    state.acquire(Priority(rank: rank)) == mayGo, "step \(step), seed \(random.seed)")
                if mayGo {
                    model.inside.insert(id)
                } else {
                    var expected = BulkheadState.Entry.waiting(instead: nil)
                    if model.waiting.count >= model.configuration.waiting {
                        expected = .full
                        if let last = model.last, last.rank < rank {
                            expected = .waiting(instead: last.id)
                            model.waiting.removeAll { $0.id == last.id }
                        }
                    }
                    if expected != .full { model.waiting.append((id, rank)) }
                    try #require(
                        state.enter(id, Priority(rank: rank)) == expected, "step \(step), seed \(random.seed)"
                    )
                }
            case ..<85:
                guard let leaving = model.inside.randomElement(using: &random) else { continue }
                model.inside.remove(leaving)
                try #require(state.release() == model.admit(), "step \(step), seed \(random.seed)")
            case ..<98:
                guard let leaving = model.waiting.randomElement(using: &random) else { continue }
                model.waiting.removeAll { $0.id == leaving.id }
                let left = state.leave(leaving.id)
                try #require(left && !state.leave(leaving.id), "step \(step), seed \(random.seed)")
            default:
                model.configuration = Self.configuration(&random)
                let (admitted, refused) = state.reconfigure(model.configuration)
                try #require(admitted == model.admit(), "step \(step), seed \(random.seed)")
                var surplus: [UInt64] = []
                while model.waiting.count > model.configuration.waiting, let last = model.last {
                    surplus.append(last.id)
                    model.waiting.removeAll { $0.id == last.id }
                }
                try #require(Set(refused) == Set(surplus), "step \(step), seed \(random.seed)")
            }
            try #require(
                state.inUse == model.inside.count && state.waiters.count == model.waiting.count,
                "step \(step), seed \(random.seed)")
        }
        while let id = model.inside.popFirst() {
            model.inside.remove(id)
            model.inside.formUnion(state.release())
        }
        #expect(state.inUse == 0 && state.waiters.isEmpty, "permits come back to zero")
    }
}
