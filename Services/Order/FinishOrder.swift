import Contracts
import GRDB
import Queue
import Resilience
import ServingPath
import Storage
import Transport

/// Takes up an order that was begun and not ended, with no customer waiting: after a crash, or with payment out of reach.
///
/// It walks the same path as ``PlaceOrder`` from the start; every step answers what it answered before.
struct FinishOrder: Sendable {
    let store: Store
    let queue: DurableQueue
    let purchase: Purchase
    let hands: WorkInHand
    let endings: Endings
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
        var order = begun
        let ending = try await purchase.run(&order, for: .queue) { order in
            order = try await endings.save(order)
        }
        switch ending {
        case .paid:
            return done(try endings.confirmed(order))
        case .refused(let refusal) where order.status == .accepted:
            return done(try endings.cancelled(order, why: refusal.detail, refusal: refusal))
        case .refused(let refusal):
            // Also the payment: the process that began it may have charged before it died.
            return done(try endings.rejected(order, refusal, undoing: .everything))
        case .paymentUnavailable(let reason):
            // A crash left it as `placing`: by now the customer may read that it is accepted.
            if order.status == .placing { try await accept(order, reason) }
            return .unavailable("payment: \(reason.code)")
        case .inventoryUnavailable(let reason):
            return .unavailable("inventory: \(reason.code)")
        case .couponUnavailable:
            return done(try endings.givenUp(order, Problem.couponUnavailable.document, undoing: .everything))
        case .voided:
            return done(try endings.cancelled(order, why: "it was undone before it was finished"))
        }
    }

    private func accept(_ order: Order, _ reason: Unavailability) async throws {
        let conclusion = try endings.accepted(order, reason: reason)
        try await store.write { [queue] in try conclusion.commit($0, queue) }
        endings.counts.count(.accepted)
    }

    /// The order's end and the end of this message are one transaction.
    private func done(_ conclusion: Endings.Conclusion) -> Verdict {
        .done { [queue, counts = endings.counts] database in
            try conclusion.commit(database, queue)
            database.afterNextTransaction { _ in counts.count(conclusion.order.status) }
        }
    }
}
