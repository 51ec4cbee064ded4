import TestSupport
import Testing

@testable import Resilience

/// One fault as it is documented, with a record of the calls that it holds.
private struct ObviousFault {
    let fault: Fault
    let since: Duration
    let random: RandomSource
    var considered = 0
    var held: [Int] = []
    var bitten = 0

    mutating func bites(call: Int, _ route: String, _ priority: Priority?, at now: Duration) -> FaultBite? {
        guard now - since < fault.expiresIn else { return nil }
        if let own = fault.route, own != route { return nil }
        if let own = fault.priority, own != priority { return nil }
        considered += 1
        let (share, shift) = (random.unit(), random.unit())
        if share * 100 >= fault.percent { return nil }
        if let most = fault.atMost, held.count >= most { return nil }
        held.append(call)
        bitten += 1
        return FaultBite(
            kind: fault.kind, delay: fault.delay - fault.jitter + fault.jitter * 2 * shift,
            status: fault.status,
            draw: shift)
    }
}

@Suite("Faults, against an obvious model")
struct FaultsPropertyTests {
    @Test("bites matching calls, no more at once than allowed, none after it has expired, and counts right")
    func model() throws {
        var random = SeededRandomSource("faults")
        for _ in 0..<100 { try run(&random, steps: 1_000) }
    }

    private func fault(_ random: inout SeededRandomSource) -> Fault {
        Fault(
            FaultKind.allCases.randomElement(using: &random) ?? .latency,
            route: [nil, "a", "b"].randomElement(using: &random) ?? nil,
            priority: [nil, nil, Priority(rank: 1), Priority(rank: 2)].randomElement(using: &random) ?? nil,
            delay: .milliseconds(1 + random.upTo(2_000)), jitter: .milliseconds(random.upTo(2)),
            percent: [0, 100, Double(random.upTo(101))].randomElement(using: &random) ?? 50,
            when: random.upTo(2) == 0 ? .before : .after, expiresIn: .milliseconds(1 + random.upTo(5_000)),
            atMost: random.upTo(2) == 0 ? nil : 1 + random.upTo(3), seed: random.next(),
            status: random.upTo(2) == 0 ? nil : 503)
    }

    private func run(_ random: inout SeededRandomSource, steps: Int) throws {
        let start = ContinuousClock.now
        var state = FaultsState()
        var model: [ObviousFault] = []
        var calls: [(id: Int, decision: FaultsState.Decision)] = []
        var now = Duration.zero
        for step in 0..<steps {
            if random.upTo(3) == 0 { now += .milliseconds(random.upTo(100)) }
            let instant = start.advanced(by: now)
            switch random.upTo(100) {
            case 0, 1:
                let set = (0..<random.upTo(4)).map { _ in fault(&random) }
                state.replace(with: set, now: instant, seed: { 0 })
                model = set.map { ObviousFault(fault: $0, since: now, random: .seeded($0.seed ?? 0)) }
            case 2..<70:
                let route = ["a", "b", "c"].randomElement(using: &random) ?? "a"
                let priority =
                    [nil, Priority(rank: 1), Priority(rank: 2)].randomElement(using: &random) ?? nil
                let decision = state.decide(route, priority, now: instant)
                var expected: [Fault.Phase: [FaultBite]] = [.before: [], .after: []]
                var isOver = false
                for side in [Fault.Phase.before, .after] {
                    for index in model.indices where model[index].fault.when == side && !isOver {
                        guard let bite = model[index].bites(call: step, route, priority, at: now) else {
                            continue
                        }
                        expected[side]?.append(bite)
                        isOver = bite.kind != .latency
                    }
                }
                try #require(same(decision?.before ?? [], expected[.before] ?? []))
                try #require(same(decision?.after ?? [], expected[.after] ?? []))
                if let decision { calls.append((step, decision)) }
                if model.allSatisfy({ now - $0.since >= $0.fault.expiresIn }) {
                    try #require(decision == nil)
                }
            default:
                guard let index = calls.indices.randomElement(using: &random) else { continue }
                let call = calls.remove(at: index)
                state.end(call.decision)
                for index in model.indices { model[index].held.removeAll { $0 == call.id } }
            }
            for (fault, expected) in zip(state.faults, model) {
                try #require(fault.considered == expected.considered && fault.bitten == expected.bitten)
                try #require(
                    fault.running == expected.held.count && fault.running <= fault.fault.atMost ?? .max)
            }
        }
        for call in calls { state.end(call.decision) }
        try #require(state.faults.map(\.running).reduce(0, +) == 0)
    }

    /// The delays may differ by rounding.
    private func same(_ left: [FaultBite], _ right: [FaultBite]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { left, right in
                left.kind == right.kind && left.status == right.status
                    && (.nanoseconds(-1) ... .nanoseconds(1)).contains(left.delay - right.delay)
            }
    }
}
