import TestSupport
import Testing

@Suite("Simulation of leases")
struct LeaseTests {
    /// Old leases also expire by themselves here, so `keepsOldLeases` costs time and breaks no property.
    private static let mutants: [QueueModel.Mutant: Set<Property>] = [
        .acknowledgesByIdAlone: [.settledByHolder],
        .ignoresLeases: [.oneHolder],
        .forgetsAttempts: [.settledByHolder],
        .deliversBlocked: [.toldInOrder],
        .neverUnblocks: [.drained, .toldInOrder],
        .dropsOnUnavailable: [.delivered, .toldInOrder],
        .buriesOnUnavailable: [.drained, .delivered, .toldInOrder],
        .takesRepeats: [.toldOnce],
    ]

    @Test("two owners of one queue break no property in 100,000 steps", arguments: 1...2)
    func sound(part: Int) {
        var seed = SeededRandomSource("leases \(part)").seed
        var (steps, taken) = (0, 0)
        while steps < 100_000 {
            let outcome = LeaseRun(seed: seed).run()
            if let violation = outcome.violation {
                Issue.record("CSP_SEED=\(seed), step \(outcome.steps): \(violation)")
                return
            }
            steps += outcome.steps
            taken += outcome.taken
            seed &+= 1
        }
        #expect(taken > 100, "leases hardly ever run out under their holders")
    }

    @Test("the same seed does the same")
    func deterministic() {
        #expect(LeaseRun(seed: 7).run().fingerprint == LeaseRun(seed: 7).run().fingerprint)
    }

    @Test("each bug planted into the queue is found", arguments: mutants.keys)
    func found(mutant: QueueModel.Mutant) {
        let broken = Self.mutants[mutant] ?? []
        let found = hunt("\(mutant)") { seed in
            let outcome = LeaseRun(seed: seed, mutant: mutant).run()
            return (outcome.steps, outcome.violation)
        }
        guard let (seed, violation) = found else { return }
        #expect(broken.contains(violation.property), "CSP_SEED=\(seed): \(violation)")
    }
}
