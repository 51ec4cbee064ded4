import Contracts
import Resilience

/// Coupon rules as the coupon service last told them; kept on disk, so a crash doesn't forget them.
struct KnownRules {
    private var known: [String: Coupon] = [:]

    mutating func refresh(_ rules: [String: Coupon]) { known = rules }

    /// Sometimes too old to be used.
    func lookup(_ code: String, _ dice: inout Dice, _ mutant: Mutant?) -> LastGood<Coupon>? {
        guard var rule = known[code], !dice.happens(100) else { return nil }
        if mutant == .estimatesWhatMayNotBe { rule.offline = true }
        return LastGood(value: rule, age: .seconds(dice.from(0, 100)))
    }
}
