import Contracts

/// How a skipped or estimated coupon is made good: what is given stays given, what is owed is refunded.
extension Order {
    /// Redeemed at last, as of the order's time. What it is worth more than was given is owed from now on.
    mutating func redeemedLate(discount: Int, at now: Timestamp) {
        let given = document.discount
        progress.couponDecision = .redeemed
        let owed = discount - given
        if owed > 0, progress.paymentId != nil {
            progress.couponRefund = owed
            note(.redeem, .done, "\(discount) off, \(owed) to be refunded", at: now)
            document.updatedAt = now
        } else if discount < given {
            repair(
                "coupon", "redeemed; \(given - discount) less than was given, and nothing is taken back",
                at: now)
        } else {
            repair("coupon", "redeemed; nothing was owed", at: now)
        }
    }

    /// Refused, or undone over there: whatever was given stays given.
    mutating func notRedeemedLate(_ why: String, at now: Timestamp) {
        let given = document.discount
        repair("coupon", given == 0 ? why : "\(why); the discount of \(given) stays", at: now)
    }

    /// What it is worth more is owed, but all that was paid had been refunded already.
    mutating func couponNotRefunded(at now: Timestamp) {
        repair("coupon", "redeemed; nothing was left to refund", at: now)
    }

    /// - Parameter refunded: all that was refunded of the order's payment.
    mutating func couponRefunded(_ refunded: Int, at now: Timestamp) {
        document.refunded = refunded
        repair("coupon", "redeemed; \(progress.couponRefund ?? 0) refunded", at: now)
    }
}
