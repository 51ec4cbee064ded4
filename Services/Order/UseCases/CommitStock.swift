import Contracts
import Mutants
import Queue
import ServingPath

/// Has a confirmed order's stock handed out. Where some of it is gone (the commit came after the
/// reservation's life, and others have bought it since), the order is paid back what can't be delivered, and
/// the rest is committed without it.
struct CommitStock: Sendable {
    let store: OrderStore
    let inventory: InventoryClient
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> DeliveryResult {
        do {
            try await inventory.commit(orderId: message.key, for: .queue)
            return .done()
        } catch {
            guard case .refused(let problem) = error, problem.code == "out-of-stock",
                let short = problem.skus,
                !Mutant.isOn(.leavesWhatCannotBeDelivered)
            else {
                return DeliveryResult(error)
            }
            do {
                try await refund(message.key, Set(short.map(\.sku)))
                return .unavailable("what is short is taken out of the reservation first")
            } catch {
                return .unavailable("\(error)")
            }
        }
    }

    /// All of a line, even where some of its pieces are there: half of it may be of no use. What is being
    /// taken out already is not taken out again.
    private func refund(_ orderId: String, _ short: Set<String>) async throws {
        let now = wall()
        let id = Identifier.make("rfd_", at: now)
        let refund = store.beginningRefund(id, of: orderId, at: now) { order in
            guard order.status == .confirmed else { return nil }
            let kept = order.kept
            let lines = order.document.items.filter { short.contains($0.sku) }.map {
                ItemQuantity(sku: $0.sku, quantity: kept[$0.sku] ?? 0)
            }.filter { $0.quantity > 0 }
            guard !lines.isEmpty else { return nil }
            return order.refund(id: id, .outOfStock, items: lines, reason: "out of stock", at: now)
        }
        try await store.write("undeliverable", refund)
    }
}
