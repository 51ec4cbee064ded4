import Contracts
import Mutants
import Resilience
import ServingPath

/// Takes the steps that an order's ``Checkout`` asks for, until it has come to an end.
struct RunCheckout: Sendable {
    let store: OrderStore
    let inventory: InventoryClient
    let payment: PaymentClient
    let claim: ClaimCoupon
    let catalogue: CatalogueCache
    let reservationLifetime: ReservationLifetime
    /// False in naive mode: coupon counts as critical.
    let isCouponOptional: Bool
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``OrderChanged``, and what the store throws.
    func callAsFunction(
        _ order: Order, for caller: Caller
    ) async throws -> (order: Order, ending: Checkout.Ending) {
        var checkout = Checkout(
            order, isCustomerWaiting: caller != .queue, isCouponOptional: isCouponOptional)
        while true {
            switch checkout.next {
            case .reserve: await reserve(&checkout, for: caller)
            case .priceFromCache:
                checkout.pricedFromCache(catalogue.products(checkout.order.request.items.merged), at: wall())
            case .redeem(let coupon): checkout = try await decideCoupon(checkout, coupon, for: caller)
            case .estimateDiscount, .saveEstimate: try await estimateDiscount(&checkout)
            case .save: checkout.saved(as: try await store.save(checkout.order))
            case .charge(let amount): await charge(amount, &checkout, for: caller)
            case .end(let ending): return (checkout.order, ending)
            }
        }
    }

    private func reserve(_ checkout: inout Checkout, for caller: Caller) async {
        do {
            let asked = wall()
            let reservation = try await inventory.reserve.call(checkout.order, for: caller)
            reservationLifetime.check(reservation, at: asked)
            // A renewal takes no stock that it hasn't got already.
            if !checkout.order.isPriced || checkout.order.hasUnverifiedStock {
                catalogue.reserved(reservation)
            }
            checkout.reserved(reservation, at: wall())
        } catch {
            checkout.notReserved(error, at: wall())
        }
    }

    private func charge(_ amount: Int, _ checkout: inout Checkout, for caller: Caller) async {
        do {
            let payment = try await payment.capture.call((checkout.order, amount), for: caller)
            checkout.charged(payment, at: wall())
        } catch {
            let isUnknown = if case .unavailable = error { true } else { false }
            let isTaken = isUnknown && Mutant.isOn(.takesAnUnknownCaptureForDeclined)
            let declined = OrderError.paymentDeclined(reason: "unknown").document
            checkout.notCharged(isTaken ? .refused(declined) : error, at: wall())
        }
    }

    /// Until the decision is on disk no other order of the customer decides about the coupon. After half of
    /// its customer's time an order asks out of turn, and estimates nothing.
    private func decideCoupon(
        _ undecided: Checkout, _ coupon: CustomerCoupon, for caller: Caller
    ) async throws -> Checkout {
        let order = undecided.order
        let decided = try await claim.turns.take(coupon, for: order.id, until: longestWait(of: caller)) {
            () async throws -> Checkout in
            var checkout = undecided
            checkout.redeemed(try await claim.redeem(order, coupon, for: caller), at: wall())
            try await estimateDiscount(&checkout)
            guard case .save = checkout.next else { return checkout }
            let isKept = Mutant.isOn(.keepsTheCouponDecisionInMemory)
            checkout.saved(as: isKept ? checkout.order : try await store.save(checkout.order))
            return checkout
        }
        if let decided { return decided }
        var checkout = undecided
        checkout.redeemed(try await claim.redeemOutOfTurn(order, coupon, for: caller), at: wall())
        checkout.estimatedDiscount(by: nil, at: wall())
        return checkout
    }

    private func longestWait(of caller: Caller) -> Deadline? {
        guard case .customer(let deadline, _) = caller else { return nil }
        let now = claim.turns.time.now()
        return .after(deadline.remaining(at: now) / 2, from: now)
    }

    private func estimateDiscount(_ checkout: inout Checkout) async throws {
        if case .estimateDiscount(let coupon) = checkout.next {
            checkout.estimatedDiscount(by: claim.coupon.cached.lookup(coupon.code), at: wall())
        }
        if case .saveEstimate(let estimated, let limit) = checkout.next {
            let saved = try await store.save(estimated) { [claim] claims in
                claim.others(than: estimated.id, claims).count(where: \.counts) < limit
                    || Mutant.isOn(.estimatesBeyondTheLimit)
            }
            checkout.savedEstimate(as: saved)
        }
    }
}
