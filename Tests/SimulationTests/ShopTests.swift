import Contracts
import TestSupport
import Testing

@testable import OrderService

@Suite("Simulation of the whole shop")
struct ShopTests {
    /// What must have happened to some order, as timelines tell it, or the run says nothing.
    private static let expected: Set<String> = [
        "place done", "reserve done", "reserve refused", "reserve degraded", "price degraded", "redeem done", "redeem refused",
        "redeem degraded", "charge done", "charge refused", "charge degraded", "accept done", "confirm done", "reject done",
        "void done", "cancel: cancelled by the customer", "cancel: it could not be finished in time",
        "cancel: the coupon can't be checked", "repair: inventory: reserved",
        "repair: payment: charged",
        "repair: coupon: redeemed; N refunded", "repair: coupon: the coupon was refused: coupon-used",
        "discount degraded", "repair: coupon: redeemed; nothing was owed",
        "repair: coupon: redeemed; N less than was given, and nothing is taken back",
        "repair: coupon: the coupon was refused: coupon-refused; the discount of N stays", "repair: notification: delivered",
        "repair: coupon: moot: the order was cancelled",
    ]

    /// A seed that breaks a property is run again, to print what happened to the order.
    private static func story(_ seed: UInt64, _ mutant: Mutant? = nil) -> String {
        let shop = Shop(seed: seed, mutant: mutant, isTraced: true)
        let outcome = shop.run()
        guard let violation = outcome.violation else { return "seed \(seed): nothing broken" }
        let others = violation.detail.matches(of: /ord_[0-9]+/).map { String($0.output) }
        let lines = shop.trace.last(60 * (1 + others.count), about: [violation.about] + others)
        return (["CSP_SEED=\(seed), step \(outcome.steps): \(violation)"] + lines).joined(separator: "\n")
    }

    @Test("no property is broken in 200,000 steps", arguments: 1...4)
    func sound(part: Int) {
        var seed = SeededChance("shop \(part)").seed
        var steps = 0
        var reached: Set<String> = []
        // What happens seldom may take longer to happen.
        while steps < 200_000 || (steps < 2_000_000 && !Self.expected.isSubset(of: reached)) {
            let shop = Shop(seed: seed)
            let outcome = shop.run()
            guard outcome.violation == nil else {
                Issue.record("\(Self.story(seed))")
                return
            }
            steps += outcome.steps
            reached.formUnion(shop.reached)
            seed &+= 1
        }
        #expect(Self.expected.subtracting(reached) == [])
    }

    @Test("the same seed does the same, step by step")
    func deterministic() {
        let (one, other) = (Shop(seed: 7, isTraced: true), Shop(seed: 7, isTraced: true))
        let (first, second) = (one.run(), other.run())
        #expect(first.fingerprint == second.fingerprint && first.steps == second.steps)
        #expect(one.trace.lines == other.trace.lines)
    }

    @Test("each planted bug is found, by a property that is there for it", arguments: Mutant.allCases)
    func found(mutant: Mutant) {
        let found = hunt("\(mutant)") { seed in
            let outcome = Shop(seed: seed, mutant: mutant).run()
            return (outcome.steps, outcome.violation)
        }
        guard let (seed, violation) = found else { return }
        // Whose order was lost, undone twice or not at all may also have the coupon wrong.
        let breaks = mutant.ofNeighbours ? mutant.breaks : mutant.breaks.union([.couponRule, .couponPromise])
        #expect(breaks.contains(violation.property), "\(Self.story(seed, mutant))")
    }
}
