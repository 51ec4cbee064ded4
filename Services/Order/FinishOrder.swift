import Contracts
import GRDB
import Queue
import Resilience
import ServingPath
import Storage
import Transport

/// Takes up an order that was begun and not ended, with no customer waiting: after a crash, or with inventory or payment
/// out of reach.
///
/// It walks the same path as ``PlaceOrder`` from the start; every step answers what it answered before.
struct FinishOrder: Sendable {
    let store: Store
    let queue: DurableQueue
    let purchase: Purchase
    let hands: WorkInHand
    let endings: Endings
    let conclude: Conclude
    let acceptedMaxAge: Duration
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        guard hands.begin(message.key) else { return .unavailable("its request is still running") }
        defer { hands.end(message.key) }
        do {
            guard let order = try await store.read({ try OrderStore.order($0, id: message.key) }), !order.status.isTerminal
            else { return .done() }
            guard wall() < order.document.createdAt.advanced(by: acceptedMaxAge) else {
                return done(try endings.cancelled(order, why: "it could not be finished in time"))
            }
            return try await finish(order)
        } catch {
            return .unavailable("\(error)")
        }
    }

    private func finish(_ begun: Order) async throws -> Verdict {
        let walked = try await purchase.run(begun, for: .queue, save: conclude.save)
        let order = walked.order
        switch walked.ending {
        case .paid:
            return done(try endings.confirmed(order))
        case .refused(let refusal) where order.status == .accepted:
            return done(try endings.cancelled(order, why: refusal.detail, refusal: refusal))
        case .refused(let refusal):
            // Also the payment: the process that began it may have charged before it died.
            return done(try endings.rejected(order, refusal, undoing: .everything))
        case .paymentUnavailable(let reason):
            try await lack(.payment(reason), order)
            return .unavailable("payment: \(reason.code)")
        case .inventoryUnavailable(let reason), .priceUnavailable(let reason):
            return .unavailable("inventory: \(reason.code)")
        case .couponUnavailable:
            return done(try endings.givenUp(order, Problem.couponUnavailable.document, undoing: .everything))
        case .voided:
            return done(try endings.cancelled(order, why: "it was undone before it was finished"))
        }
    }

    /// The customer may read how far the order has come.
    private func lack(_ lack: Lack, _ order: Order) async throws {
        if order.status == .placing {
            // A crash left it so; by now it is as good as accepted.
            _ = try await conclude(endings.accepted(order, lacking: lack))
        } else if order.document.pending.contains("inventory") {
            var order = order
            order.proceed(lacking: lack, at: wall())
            _ = try await conclude.save(order)
        }
    }

    /// The order's end and the end of this message are one transaction.
    private func done(_ conclusion: Conclusion) -> Verdict {
        .done { [queue, counts = conclude.counts] database in
            try conclusion.commit(database, queue)
            database.afterNextTransaction { _ in counts.count(conclusion.order.status) }
        }
    }
}
