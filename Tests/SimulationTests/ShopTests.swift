import Contracts
import TestSupport
import Testing

@testable import OrderService

@Suite("Simulation of the whole shop")
struct ShopTests {
    /// What to print of a seed that breaks a property: it is run again with its trace.
    private static func story(_ seed: UInt64, _ mutant: Mutant? = nil) -> String {
        let shop = Shop(seed: seed, mutant: mutant, isTraced: true)
        let outcome = shop.run()
        guard let violation = outcome.violation else { return "seed \(seed): nothing broken" }
        let lines = shop.trace.last(60, about: violation.about)
        return (["CSP_SEED=\(seed), step \(outcome.steps): \(violation)"] + lines).joined(separator: "\n")
    }

    @Test("no property is broken in 200,000 steps", arguments: 0..<4)
    func sound(part: Int) {
        var chance = SeededChance("shop \(part)")
        var steps = 0
        var episodes = 0
        var statuses: [OrderStatus: Int] = [:]
        var reached: Set<String> = []
        while steps < 200_000 {
            let seed = chance.next()
            let shop = Shop(seed: seed)
            let outcome = shop.run()
            reached.formUnion(shop.reached)
            steps += outcome.steps
            episodes += 1
            for (status, count) in outcome.statuses { statuses[status, default: 0] += count }
            if let violation = outcome.violation {
                Issue.record("\(violation)\n\(Self.story(seed))")
                return
            }
        }
        print("\(steps) steps, \(episodes) episodes, \(statuses)")
        print("REACHED", reached.sorted())
    }

    @Test("the same seed does the same, step by step")
    func deterministic() {
        let (one, other) = (Shop(seed: 7, isTraced: true), Shop(seed: 7, isTraced: true))
        let (first, second) = (one.run(), other.run())
        #expect(first.fingerprint == second.fingerprint && first.steps == second.steps)
        #expect(one.trace.lines == other.trace.lines)
    }

    @Test("each planted bug is found, by the property that is there for it", arguments: Mutant.allCases)
    func found(mutant: Mutant) {
        var chance = SeededChance("\(mutant)")
        var steps = 0
        while steps < 1_000_000 {
            let seed = chance.next()
            let outcome = Shop(seed: seed, mutant: mutant).run()
            steps += outcome.steps
            guard let violation = outcome.violation else { continue }
            #expect(mutant.breaks.contains(violation.property), "\(violation)\n\(Self.story(seed, mutant))")
            print("\(mutant): found after \(steps) steps: \(violation)")
            return
        }
        Issue.record("\(mutant) was not found in \(steps) steps")
    }
}
