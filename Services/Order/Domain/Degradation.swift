import Contracts
import ServingPath

/// What of an order or a quote isn't as it would be with everything up.
extension Degradation {
    /// A repair that was promised and has not ended yet.
    var isOwed: Bool { repair != .none && !repaired }

    static func priceCached(ageSeconds: Int, reason: String) -> Degradation {
        Degradation(
            dependency: "inventory", effect: .priceCached, source: .cache, ageSeconds: ageSeconds,
            reason: reason, repair: .none)
    }

    static func couponEstimated(ageSeconds: Int, reason: String, repair: Repair) -> Degradation {
        Degradation(
            dependency: "coupon", effect: .couponEstimated, source: .cache, ageSeconds: ageSeconds,
            reason: reason, repair: repair)
    }

    static func couponSkipped(reason: String, repair: Repair) -> Degradation {
        Degradation(
            dependency: "coupon", effect: .couponSkipped, source: .none, reason: reason, repair: repair)
    }

    /// The dependency hears of the order later.
    static func queued(_ dependency: String, _ effect: Effect, reason: Unavailability) -> Degradation {
        Degradation(
            dependency: dependency, effect: effect, source: .queue, reason: reason.code, repair: .finishLater)
    }
}
