import TestSupport
import Testing

@testable import Resilience

/// Whatever faults were set, replaced and cleared: when they have expired no call meets one, and calls that
/// they held take nothing from a new set.
@Suite("Faults, set and cleared at random")
struct FaultsLivenessTests {
    private static func fault(_ random: inout SeededRandomSource) -> Fault {
        Fault(
            FaultKind.allCases[random.upTo(5)], route: random.upTo(3) == 0 ? "a" : nil,
            delay: .milliseconds(1 + random.upTo(50)),
            percent: Double(random.upTo(101)), when: Fault.Phase.allCases[random.upTo(2)],
            expiresIn: .milliseconds(1 + random.upTo(2_000)),
            atMost: random.upTo(2) == 0 ? 1 + random.upTo(3) : nil)
    }

    @Test("all pass when the last set has expired or was cleared; a new one can hold all of its calls")
    func pass() throws {
        var random = SeededRandomSource("faults under calls, sets and clears")
        for round in 0..<500 {
            let time = ManualTime()
            let faults = Faults(
                environment: PolicyEnvironment(time: time.source, random: .seeded(random.next())))
            var held: [Injection] = []
            for _ in 0..<random.upTo(200) {
                switch random.upTo(20) {
                case ..<10:
                    if let injection = faults.decide(["a", "b"][random.upTo(2)]) { held.append(injection) }
                case ..<15 where !held.isEmpty:
                    // Ended once, twice, or dropped.
                    let injection = held.remove(at: random.upTo(held.count))
                    for _ in 0..<random.upTo(3) { injection.end() }
                case 19: try faults.set((0..<(1 + random.upTo(3))).map { _ in Self.fault(&random) })
                case 18: faults.clear()
                default: time.advance(by: .milliseconds(random.upTo(300)))
                }
            }
            let isCleared = random.upTo(2) == 0
            if isCleared { faults.clear() } else { time.advance(by: .seconds(2)) }
            for route in ["a", "b"] {
                try #require(faults.decide(route) == nil, "round \(round), seed \(random.seed)")
            }
            // A hold of an earlier set doesn't count for this one, and ends none of its calls.
            try faults.set([Fault(.abort, atMost: 2)])
            let bitten = (0..<3).map { _ in faults.decide("a") }
            held = []
            try #require(
                bitten.map { $0 == nil } == [false, false, true], "round \(round), seed \(random.seed)")
            try #require(faults.snapshot.faults.map(\.running) == [2], "round \(round), seed \(random.seed)")
            for injection in bitten { injection?.end() }
            try #require(faults.snapshot.faults.map(\.running) == [0], "round \(round), seed \(random.seed)")
        }
    }
}
