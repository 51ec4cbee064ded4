import Contracts
import Mutants
import Queue
import ServingPath
import Transport

/// Has a confirmed order's stock handed out. Where some was sold to others after the reservation's life, that
/// is paid back, and the rest is committed without it.
struct CommitStock: Sendable {
    let store: OrderStore
    let inventory: InventoryClient
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async throws -> DeliveryResult {
        do throws(CallError) {
            try await inventory.commit.call(message.key, for: .queue)
            return .done()
        } catch {
            guard case .refused(let problem) = error, problem.code == "out-of-stock",
                let short = problem.skus, !Mutant.isOn(.leavesWhatCannotBeDelivered)
            else { throw error }
            try await refund(message.key, Set(short.map(\.sku)))
            return .unavailable("what is short is taken out of the reservation first")
        }
    }

    /// All of a line: half of it may be of no use. What is being taken out already is not taken out again.
    private func refund(_ orderId: String, _ short: Set<String>) async throws {
        let now = wall()
        let id = Identifier.make("rfd_", at: now)
        let refund = store.beginningRefund(id, of: orderId, at: now) { order in
            guard order.status == .confirmed else { return nil }
            let kept = order.kept.filter { short.contains($0.key) && $0.value > 0 }
            let lines = order.document.items.compactMap { line in
                kept[line.sku].map { ItemQuantity(sku: line.sku, quantity: $0) }
            }
            guard !lines.isEmpty, !order.waitsForRefunds(toRefund: order.paid(for: lines)) else { return nil }
            return order.refund(id: id, .outOfStock, items: lines, reason: "out of stock", at: now)
        }
        try await store.write("undeliverable", refund)
    }
}
