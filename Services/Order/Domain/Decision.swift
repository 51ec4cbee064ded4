import Contracts
import Mutants
import ServingPath

/// What becomes of an order when its checkout has come to an end. **This is the one place that decides it.**
///
/// | the checkout ended | while a customer waits | from the outbox, with no customer waiting |
/// |---|---|---|
/// | paid | confirmed: 201 | confirmed |
/// | payment unavailable | accepted: 202, charged later | placing: accepted; accepted: tried again |
/// | inventory unavailable | accepted: 202, if the cached stock covers it; else rejected: 409 | tried again |
/// | price unavailable | rejected: 503, the key is free | tried again |
/// | coupon unavailable, and the order said `reject` | rejected: 503, the key is free | cancelled |
/// | refused | rejected: 402, 409 or 422 | if placing, rejected; if accepted, cancelled |
/// | no payment given, and something to be paid | rejected: 422, the key is free | the same |
/// | voided | cancelled: 409 | cancelled |
///
/// What ends without a sale is undone by the order's id, whether it was done or only may have been done.
enum Decision: Sendable {
    /// The change is written with its messages, and then the customer is answered.
    case conclude(OrderChange, Answer)
    /// The same, if the cached stock covers the order, in one transaction; else it is out of stock.
    case promise(OrderChange, within: [String: Int], of: Order)
    /// Nothing is decided: the message is delivered again.
    case retry(PendingDependency)

    enum Answer: Sendable {
        /// The order's document, by its status.
        case order
        case problem(OrderError)
    }

    /// What the decision depends on besides the order.
    struct Circumstances: Sendable {
        /// False: the order is taken up again by the outbox.
        var isCustomerWaiting: Bool
        /// Customers are told later, if they are told something now.
        var isNotificationUnavailable: Bool
        var now: Timestamp
    }

    static func decide(
        _ ending: Checkout.Ending, _ order: Order, _ circumstances: Circumstances
    ) throws(IllegalTransition) -> Decision {
        circumstances.isCustomerWaiting
            ? try whileCustomerWaits(ending, order, circumstances)
            : try fromOutbox(ending, order, circumstances)
    }

    private static func whileCustomerWaits(
        _ ending: Checkout.Ending, _ order: Order, _ circumstances: Circumstances
    ) throws(IllegalTransition) -> Decision {
        let now = circumstances.now
        switch ending {
        case .paid:
            return .conclude(try .confirmed(order, circumstances), .order)
        case .paymentUnavailable where Mutant.isOn(.freesTheKeyOfWhatMayBeDone):
            return try .turningAway(order, .deadlineExceeded, undo: .everything, at: now)
        case .paymentUnavailable where Mutant.isOn(.confirmsWhatWasNotPaid):
            return .conclude(try .confirmed(order, circumstances), .order)
        case .paymentUnavailable(let reason):
            return .conclude(try .accepted(order, pending: .payment(reason), circumstances), .order)
        case .inventoryUnavailable(let reason, let stock):
            let change = try OrderChange.accepted(order, pending: .inventory(reason), circumstances)
            return .promise(change, within: stock, of: order)
        case .refused(.paymentMissing):
            return try .turningAway(order, .paymentMissing, undo: .reservation, at: now)
        case .refused(let refusal):
            return try .refusing(order, refusal, at: now)
        case .priceUnavailable(let reason):
            let problem = reason.reason == .deadlineExceeded ? OrderError.deadlineExceeded : .priceUnavailable
            let undo: OrderChange.Undo = reason.mayHaveBeenDone ? .reservation : .nothing
            return try .turningAway(order, problem, undo: undo, at: now)
        case .couponUnavailable:
            return try .turningAway(order, .couponUnavailable, undo: .reservation, at: now)
        case .voided:
            // The customer cancelled it meanwhile, or it was undone by its id at a dependency.
            let change = try OrderChange.cancelled(order, "it was undone while it was being placed", at: now)
            return .conclude(change, .problem(.cancelledMeanwhile(id: order.id)))
        }
    }

    /// Nothing was charged, and the customer may try again with the same key.
    private static func turningAway(
        _ order: Order, _ problem: OrderError, undo: OrderChange.Undo, at now: Timestamp
    ) throws(IllegalTransition) -> Decision {
        let change = try OrderChange.rejected(order, problem, undo: undo, freesKey: true, at: now)
        return .conclude(change, .problem(problem))
    }

    /// Refused for good. An earlier try of the reservation may still arrive, so it is undone even where it
    /// was refused. A declined charge needs no undoing: payment keeps it by the order's id.
    static func refusing(
        _ order: Order, _ refusal: OrderError, at now: Timestamp
    ) throws(IllegalTransition) -> Decision {
        let change = try OrderChange.rejected(order, refusal, undo: .reservation, at: now)
        // As it is kept, naming the order.
        return .conclude(change, .problem(change.order.progress.refusal.map(OrderError.refused) ?? refusal))
    }

    private static func fromOutbox(
        _ ending: Checkout.Ending, _ order: Order, _ circumstances: Circumstances
    ) throws(IllegalTransition) -> Decision {
        let now = circumstances.now
        switch ending {
        case .paid:
            return .conclude(try .confirmed(order, circumstances), .order)
        case .refused(let refusal) where order.status == .accepted:
            let change = try OrderChange.cancelled(order, refusal.document.detail, refusal: refusal, at: now)
            return .conclude(change, .order)
        case .refused(let refusal):
            // The process that began it may have charged before it died, so the payment is undone as well.
            let isFlawed = refusal == .paymentMissing
            let change = try OrderChange.rejected(
                order, refusal, undo: .everything, freesKey: isFlawed, at: now)
            return .conclude(change, .problem(refusal))
        case .paymentUnavailable(let reason) where order.status == .placing:
            // A crash left it so; by now it is as good as accepted.
            return .conclude(try .accepted(order, pending: .payment(reason), circumstances), .order)
        case .paymentUnavailable(let reason):
            guard order.document.pending.contains("inventory") else { return .retry(.payment(reason)) }
            // A step further is progress, also for the lane: what follows is another dependency's outage.
            return .conclude(.proceeding(order, pending: .payment(reason), at: now), .order)
        case .inventoryUnavailable(let reason, _), .priceUnavailable(let reason):
            return .retry(.inventory(reason))
        case .couponUnavailable:
            // Its customer may have been told 202 by now: the key stays with the order.
            let why = "the coupon can't be checked, and the order said to reject then"
            return .conclude(try .cancelled(order, why, at: now), .order)
        case .voided:
            return .conclude(try .cancelled(order, "it was undone before it was finished", at: now), .order)
        }
    }
}
