import Contracts
import Resilience
import ServingPath
import Transport

/// Walks an order along the critical serving path: takes the steps that its ``Saga`` asks for.
struct Purchase: Sendable {
    let inventory: InventoryNeighbour
    let payment: PaymentNeighbour
    let coupon: CouponNeighbour
    let catalogue: LastKnownCatalogue
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
            case .redeem(let code): saga.redeemed(await coupon.redeem(saga.order, code: code, for: caller), at: wall())
            case .estimateDiscount(let code): saga.estimatedDiscount(by: coupon.lastKnown.lookup(code), at: wall())
            case .saveEstimate(let estimated, let limit):
                saga.savedEstimate(as: try await conclude.save(estimated, within: limit))
            case .save: saga.saved(as: try await conclude.save(saga.order))
            case .charge(let amount): await charge(amount, &saga, for: caller)
            case .end(let ending): return Walked(order: saga.order, ending: ending, lastKnownStock: saga.lastKnownStock)
            }
        }
    }

    private func reserve(_ saga: inout Saga, for caller: Caller) async {
        do {
            let reservation = try await inventory.reserve(saga.order, for: caller)
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
