import Contracts
import Resilience
import ServingPath
import Transport

/// The critical serving path: **reserve → redeem → charge**, always in this order, each step repeatable by the order's id.
///
/// It changes the order it is given and leaves deciding what follows to its caller: ``PlaceOrder`` with a customer
/// waiting, ``FinishOrder`` with none.
struct Purchase: Sendable {
    /// How the path ended.
    enum Ending: Sendable {
        case paid
        /// A business refusal: another try won't change it.
        case refused(ProblemDocument)
        /// Nothing was charged; the reason tells whether it may have been reserved.
        case inventoryUnavailable(Unavailability)
        /// The customer would rather not order than order without the coupon.
        case couponUnavailable(Unavailability)
        /// Reserved, and whether it was charged is unknown.
        case paymentUnavailable(Unavailability)
        /// The order was undone in the meantime: everything that arrives for it is refused.
        case voided
    }

    let inventory: InventoryNeighbour
    let payment: PaymentNeighbour
    let coupon: CouponNeighbour
    let wall: @Sendable () -> Timestamp

    /// - Parameter save: puts the order on disk; called before a charge whose amount another try could compute differently.
    func run(
        _ order: inout Order, for caller: Caller, save: (inout Order) async throws -> Void
    ) async throws -> Ending {
        if let ending = await reserve(&order, for: caller) { return ending }
        if let code = order.request.couponCode, order.progress.couponDecision == .undecided {
            if let ending = await redeem(code, &order, for: caller) { return ending }
            try await save(&order)
        }
        if let ending = checkTotal(order) { return ending }
        return await charge(&order, for: caller)
    }

    private func reserve(_ order: inout Order, for caller: Caller) async -> Ending? {
        do {
            let reservation = try await inventory.reserve(order, for: caller)
            order.price(reservation)
            order.note("reserve", "done", at: wall())
            return nil
        } catch {
            switch error {
            case .refused(let problem) where problem.code == "voided": return .voided
            case .refused(let problem):
                order.note("reserve", "refused", problem.code, at: wall())
                return .refused(problem)
            case .unavailable(let reason):
                order.note("reserve", "degraded", reason.code, at: wall())
                return .inventoryUnavailable(reason)
            }
        }
    }

    private func redeem(_ code: String, _ order: inout Order, for caller: Caller) async -> Ending? {
        switch await coupon.redeem(order, code: code, for: caller) {
        case .live(.redeemed(let discount)):
            order.redeemed(discount: discount)
            order.note("redeem", "done", "\(discount) off", at: wall())
            return nil
        case .live(.voided):
            return .voided
        case .live(.refused(let problem)):
            order.note("redeem", "refused", problem.code, at: wall())
            return .refused(.couponRefused(problem.reason ?? problem.detail))
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            // Nothing but a live answer has redeemed anything.
            order.note("redeem", "degraded", reason.code, at: wall())
            switch order.request.ifCouponUnavailable ?? .refundLater {
            case .refundLater: order.skipCoupon(reason: reason.code, repair: .refundLater)
            case .orderWithout: order.skipCoupon(reason: reason.code, repair: .none)
            case .reject: return .couponUnavailable(reason)
            }
            return nil
        }
    }

    private func checkTotal(_ order: Order) -> Ending? {
        guard let limit = order.request.maxTotal, let total = order.document.total, total > limit else { return nil }
        return .refused(
            ProblemDocument(
                status: 409, code: "total-exceeded", title: "The order is dearer than allowed",
                detail: "The total is \(total), more than maxTotal \(limit). Nothing was charged."))
    }

    private func charge(_ order: inout Order, for caller: Caller) async -> Ending {
        guard let amount = order.document.total, amount > 0 else {
            order.note("charge", "done", "nothing to pay", at: wall())
            return .paid
        }
        do {
            let captured = try await payment.capture(order, amount: amount, for: caller)
            order.progress.paymentId = captured.id
            order.note("charge", "done", captured.id, at: wall())
            return .paid
        } catch {
            switch error {
            case .refused(let problem) where problem.code == "voided": return .voided
            case .refused(let problem):
                order.note("charge", "refused", problem.reason ?? problem.code, at: wall())
                return .refused(.paymentDeclined(problem.reason ?? problem.detail))
            case .unavailable(let reason):
                order.note("charge", "degraded", reason.code, at: wall())
                return .paymentUnavailable(reason)
            }
        }
    }
}

extension ProblemDocument {
    static func paymentDeclined(_ reason: String) -> ProblemDocument {
        ProblemDocument(
            status: 402, code: "payment-declined", title: "The payment was declined", detail: "The issuer says: \(reason).",
            reason: reason)
    }

    static func couponRefused(_ reason: String) -> ProblemDocument {
        ProblemDocument(
            status: 422, code: "coupon-refused", title: "The coupon was refused",
            detail: "The coupon can't be used for this order: \(reason).", reason: reason)
    }
}
