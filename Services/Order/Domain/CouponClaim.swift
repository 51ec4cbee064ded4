import Contracts
import Mutants

/// A coupon in a customer's hands: its limit counts that customer's uses.
struct CustomerCoupon: Sendable, Hashable {
    var code: String
    var customerId: String
}

/// One order's claim on a customer's coupon, and whose turn it is among several.
///
/// A coupon has a limit, and orders that claim it may be anywhere on their way while coupon can't be asked.
/// What has come to nothing is undone first, then what was given is recorded, then anything new is given: so
/// a customer gets no more than the rule allows, and no later or cancelled order breaks a promise.
struct CouponClaim: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable {
        /// Not decided, or to be done without: coupon may have been asked, and its answer isn't known.
        case asked
        /// Redeemed; the order isn't confirmed yet.
        case held
        /// The discount is given by estimate; the order isn't confirmed yet.
        case estimated
        /// Skipped, and to be redeemed once the order is confirmed.
        case owed
        /// Confirmed with an estimate: the redemption is to be recorded.
        case toRecord = "to-record"
        /// Confirmed without the coupon: it is to be redeemed, and the difference refunded.
        case toRedeem = "to-redeem"
        /// Confirmed and redeemed.
        case given
        /// Confirmed with an estimate that coupon has refused since: the discount stays.
        case lost
        /// It has come to nothing: whatever may have been redeemed is to be released.
        case toRelease = "to-release"
    }

    enum Turn: Sendable, Equatable {
        /// It is this order's turn to redeem.
        case redeem
        /// This other order's redemption is released first.
        case release(orderId: String)
        /// This other order's coupon is made good first.
        case makeGood(orderId: String)
        /// An order that hasn't ended yet comes first.
        case wait
    }

    let orderId: String
    let state: State

    /// Whether it takes up some of the customer's limit.
    var counts: Bool { state != .toRelease }

    /// What is to be done next, so that the coupon can be redeemed for an order.
    ///
    /// - Parameters:
    ///   - state: of the order's own claim.
    ///   - others: the claims of the same customer on the same coupon, by order id, which is by age.
    ///   - limit: how often a customer may use the coupon; nil where that isn't known.
    static func turn(of orderId: String, _ state: State, among others: [CouponClaim], limit: Int?) -> Turn {
        if Mutant.isOn(.redeemsOutOfTurn) { return .redeem }
        // With room for all of them the order doesn't matter.
        if let limit, others.count < limit { return .redeem }
        // Used up for good: there is nothing to wait for, and coupon says so.
        if let limit, others.count(where: { $0.state == .given }) >= limit { return .redeem }
        if let release = others.first(where: { $0.state == .toRelease }),
            !Mutant.isOn(.redeemsBeforeReleasing)
        {
            return .release(orderId: release.orderId)
        }
        // Given already: the sooner it is recorded the better.
        if state == .toRecord { return .redeem }
        if let given = others.first(where: { $0.state == .toRecord }) {
            return .makeGood(orderId: given.orderId)
        }
        // A promise goes before a new order, and an older promise before a younger.
        let promised = others.first { $0.state == .toRedeem && (state == .asked || $0.orderId < orderId) }
        if let promised {
            return promised.waits(for: others) ? .wait : .makeGood(orderId: promised.orderId)
        }
        return CouponClaim(orderId: orderId, state: state).waits(for: others) ? .wait : .redeem
    }

    /// For an order that may still take a use, or give one back.
    private func waits(for others: [CouponClaim]) -> Bool {
        others.contains { other in
            switch other.state {
            case .asked, .estimated: true
            case .owed: state == .asked || other.orderId < orderId
            // It may still be cancelled. A customer who waits is told how it is now.
            case .held: state == .toRedeem
            case .toRecord, .toRedeem, .given, .lost, .toRelease: false
            }
        }
    }
}

extension Order {
    var coupon: CustomerCoupon? {
        request.couponCode.map { CustomerCoupon(code: $0, customerId: request.customerId) }
    }

    /// Its claim on the coupon; nil where it has none, or none any more.
    var couponClaim: CouponClaim.State? {
        let isConfirmed = status == .confirmed
        return switch (status, progress.couponDecision) {
        case (.rejected, _), (.cancelled, _): nil
        case (_, .undecided): .asked
        case (_, .redeemed): isConfirmed ? .given : .held
        case (.confirmed, .estimated) where !owesCouponRepair:
            Mutant.isOn(.countsLostDiscountsAsUses) ? .given : .lost
        case (_, .estimated): isConfirmed ? .toRecord : .estimated
        case (_, .skipped) where owesCouponRepair: isConfirmed ? .toRedeem : .owed
        // A call that seemed to fail may have redeemed it; when the order ends it is released.
        case (_, .skipped): isConfirmed ? nil : .asked
        }
    }

    /// It has come to nothing, and a redemption of it may be there: none where coupon has refused it.
    var mayHoldCoupon: Bool { couponClaim == nil && progress.refusal?.code != "coupon-refused" }
}
