import TestSupport
import Testing

@testable import Resilience

/// One fault as it is described, with a record of the calls it has hold of.
private struct ObviousFault {
    let fault: Fault
    let since: Duration
    let chance: Chance
    var considered = 0
    var held: [Int] = []
    var bitten = 0

    mutating func bites(call: Int, _ route: String, _ priority: Priority?, at now: Duration) -> FaultBite? {
        guard now - since < fault.expiresIn else { return nil }
        if let own = fault.route, own != route { return nil }
        if let own = fault.priority, own != priority { return nil }
        considered += 1
        let (share, shift) = (chance.unit(), chance.unit())
        if share * 100 >= fault.percent { return nil }
        if let most = fault.atMost, held.count >= most { return nil }
        held.append(call)
        bitten += 1
        return FaultBite(
            kind: fault.kind, delay: fault.delay - fault.jitter + fault.jitter * 2 * shift, status: fault.status,
            draw: shift)
    }
}

@Suite("Faults, against an obvious model")
struct FaultsPropertyTests {
    @Test("bites what is described, no more at once than allowed, not after it has expired, and counts right")
    func model() throws {
        var chance = SeededChance("faults")
        for _ in 0..<100 { try run(&chance, steps: 1_000) }
    }

    private func fault(_ chance: inout SeededChance) -> Fault {
        Fault(
            FaultKind.allCases.randomElement(using: &chance) ?? .latency,
            route: [nil, "a", "b"].randomElement(using: &chance) ?? nil,
            priority: [nil, nil, Priority(rank: 1), Priority(rank: 2)].randomElement(using: &chance) ?? nil,
            delay: .milliseconds(1 + chance.upTo(2_000)), jitter: .milliseconds(chance.upTo(2)),
            percent: [0, 100, Double(chance.upTo(101))].randomElement(using: &chance) ?? 50,
            when: chance.upTo(2) == 0 ? .before : .after, expiresIn: .milliseconds(1 + chance.upTo(5_000)),
            atMost: chance.upTo(2) == 0 ? nil : 1 + chance.upTo(3), seed: chance.next(),
            status: chance.upTo(2) == 0 ? nil : 503)
    }

    private func run(_ chance: inout SeededChance, steps: Int) throws {
        let start = ContinuousClock.now
        var state = FaultsState()
        var model: [ObviousFault] = []
        var calls: [(id: Int, decision: FaultsState.Decision)] = []
        var now = Duration.zero
        for step in 0..<steps {
            if chance.upTo(3) == 0 { now += .milliseconds(chance.upTo(100)) }
            let moment = start.advanced(by: now)
            switch chance.upTo(100) {
            case 0, 1:
                let set = (0..<chance.upTo(4)).map { _ in fault(&chance) }
                state.replace(with: set, now: moment, seed: { 0 })
                model = set.map { ObviousFault(fault: $0, since: now, chance: .seeded($0.seed ?? 0)) }
            case 2..<70:
                let route = ["a", "b", "c"].randomElement(using: &chance) ?? "a"
                let priority = [nil, Priority(rank: 1), Priority(rank: 2)].randomElement(using: &chance) ?? nil
                let decision = state.decide(route, priority, now: moment)
                var expected: [Fault.Moment: [FaultBite]] = [.before: [], .after: []]
                var isOver = false
                for side in [Fault.Moment.before, .after] {
                    for index in model.indices where model[index].fault.when == side && !isOver {
                        guard let bite = model[index].bites(call: step, route, priority, at: now) else { continue }
                        expected[side]?.append(bite)
                        isOver = bite.kind != .latency
                    }
                }
                try #require(same(decision?.before ?? [], expected[.before] ?? []))
                try #require(same(decision?.after ?? [], expected[.after] ?? []))
                if let decision { calls.append((step, decision)) }
                if model.allSatisfy({ now - $0.since >= $0.fault.expiresIn }) { try #require(decision == nil) }
            default:
                guard let index = calls.indices.randomElement(using: &chance) else { continue }
                let call = calls.remove(at: index)
                state.end(call.decision)
                for index in model.indices { model[index].held.removeAll { $0 == call.id } }
            }
            for (fault, expected) in zip(state.faults, model) {
                try #require(fault.considered == expected.considered && fault.bitten == expected.bitten)
                try #require(fault.running == expected.held.count && fault.running <= fault.fault.atMost ?? .max)
            }
        }
        for call in calls { state.end(call.decision) }
        try #require(state.faults.map(\.running).reduce(0, +) == 0)
    }

    /// The delays may differ by how the jitter was rounded.
    private func same(_ left: [FaultBite], _ right: [FaultBite]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { left, right in
                left.kind == right.kind && left.status == right.status
                    && (.nanoseconds(-1) ... .nanoseconds(1)).contains(left.delay - right.delay)
            }
    }
}
