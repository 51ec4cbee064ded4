import TestSupport
import Testing

@Suite("Simulation of leases")
struct LeaseTests {
    private static let mutants: [(QueueModel.Mutant, Set<Property>)] = [
        (.acknowledgesByIdAlone, [.settledByHolder]),
        (.ignoresLeases, [.oneHolder]),
        (.forgetsAttempts, [.settledByHolder]),
        (.deliversBlocked, [.toldInOrder]),
        (.neverUnblocks, [.drained]),
        (.dropsOnUnavailable, [.delivered, .toldInOrder]),
        (.buriesOnUnavailable, [.drained, .delivered, .toldInOrder]),
        (.takesRepeats, [.toldOnce]),
    ]

    @Test("two owners at one queue break no property in 100,000 steps", arguments: 0..<2)
    func sound(part: Int) {
        var chance = SeededChance("leases \(part)")
        var (steps, stale) = (0, 0)
        while steps < 100_000 {
            let seed = chance.next()
            let outcome = LeaseRun(seed: seed).run()
            steps += outcome.steps
            stale += outcome.stale
            if let violation = outcome.violation {
                Issue.record("CSP_SEED=\(seed), step \(outcome.steps): \(violation)")
                return
            }
        }
        print("\(steps) steps, \(stale) leases taken from their holders")
        #expect(stale > 20)
    }

    @Test("the same seed does the same")
    func deterministic() {
        #expect(LeaseRun(seed: 7).run().fingerprint == LeaseRun(seed: 7).run().fingerprint)
    }

    @Test("each bug planted into the queue is found", arguments: mutants.indices)
    func found(index: Int) {
        let (mutant, broken) = Self.mutants[index]
        var chance = SeededChance("\(mutant)")
        var steps = 0
        while steps < 1_000_000 {
            let seed = chance.next()
            let outcome = LeaseRun(seed: seed, mutant: mutant).run()
            steps += outcome.steps
            guard let violation = outcome.violation else { continue }
            #expect(broken.contains(violation.property), "CSP_SEED=\(seed), step \(outcome.steps): \(violation)")
            print("\(mutant): found after \(steps) steps: \(violation)")
            return
        }
        Issue.record("\(mutant) was not found in \(steps) steps")
    }
}
