import Contracts
import Resilience
import ServingPath
import Transport

/// Walks an order along the critical serving path: takes the steps that its ``Saga`` asks for.
struct Purchase: Sendable {
    let inventory: InventoryNeighbour
    let payment: PaymentNeighbour
    let claims: CouponClaims
    let catalogue: LastKnownCatalogue
    let reservationLifetime: ReservationLifetime
    /// False in naive mode: nobody decided that a purchase can do without coupon.
    let isCouponOptional: Bool
    let wall: @Sendable () -> Timestamp

    /// Where an order has come to: the order as it is now, and how this walk ended.
    struct Walked: Sendable {
        var order: Order
        var ending: Saga.Ending
        /// Stock by SKU as it was last known, where the order was priced by it.
        var lastKnownStock: [String: Int]
    }

    /// - Parameter conclude: puts the order on disk.
    func run(_ order: Order, for caller: Caller, saving conclude: Conclude) async throws -> Walked {
        var saga = Saga(order, isCustomerWaiting: caller != .queue, isCouponOptional: isCouponOptional)
        while true {
            switch saga.next {
            case .reserve: await reserve(&saga, for: caller)
            case .estimate: saga.estimated(catalogue.products(saga.order.request.items.merged), at: wall())
            case .redeem(let code): saga = try await decideCoupon(saga, code, for: caller, saving: conclude)
            case .estimateDiscount, .saveEstimate: try await estimateDiscount(&saga, saving: conclude)
            case .save: saga.saved(as: try await conclude.save(saga.order))
            case .charge(let amount): await charge(amount, &saga, for: caller)
            case .end(let ending): return Walked(order: saga.order, ending: ending, lastKnownStock: saga.lastKnownStock)
            }
        }
    }

    /// Until the decision is on disk no other order of the customer decides about the same coupon. Half of the customer's time
    /// is waited for that; then coupon is asked all the same where nothing
    /// is owed to another order, and no discount is estimated.
    private func decideCoupon(
        _ undecided: Saga, _ code: String, for caller: Caller, saving conclude: Conclude
    ) async throws -> Saga {
        let key = undecided.order.couponKey(code)
        let decided = try await claims.turns.take(key, for: undecided.order.id, until: patience(of: caller)) {
            () async throws -> Saga in
            var saga = undecided
            saga.redeemed(try await claims.redeem(saga.order, code: code, for: caller), at: wall())
            try await estimateDiscount(&saga, saving: conclude)
            if case .save = saga.next { saga.saved(as: try await conclude.save(saga.order)) }
            return saga
        }
        if let decided { return decided }
        var saga = undecided
        saga.redeemed(try await claims.redeemOutOfTurn(saga.order, code: code, for: caller), at: wall())
        saga.estimatedDiscount(by: nil, at: wall())
        return saga
    }

    private func patience(of caller: Caller) -> Deadline? {
        guard case .customer(let deadline, _) = caller else { return nil }
        let now = claims.turns.time.now()
        return .after(deadline.remaining(at: now) / 2, from: now)
    }

    private func estimateDiscount(_ saga: inout Saga, saving conclude: Conclude) async throws {
        if case .estimateDiscount(let code) = saga.next {
            saga.estimatedDiscount(by: claims.coupon.lastKnown.lookup(code), at: wall())
        }
        if case .saveEstimate(let estimated, let limit) = saga.next {
            saga.savedEstimate(as: try await conclude.save(estimated, within: limit))
        }
    }

    private func reserve(_ saga: inout Saga, for caller: Caller) async {
        do {
            let asked = wall()
            let reservation = try await inventory.reserve(saga.order, for: caller)
            reservationLifetime.check(reservation, at: asked)
            // A renewal takes no stock that it hasn't got already.
            if !saga.order.isPriced || saga.order.hasUnverifiedStock { catalogue.reserved(reservation) }
            saga.reserved(reservation, at: wall())
        } catch {
            saga.notReserved(error, at: wall())
        }
    }

    private func charge(_ amount: Int, _ saga: inout Saga, for caller: Caller) async {
        do {
            saga.charged(try await payment.capture(saga.order, amount: amount, for: caller), at: wall())
        } catch {
            saga.notCharged(error, at: wall())
        }
    }
}
