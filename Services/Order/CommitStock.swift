import Contracts
import GRDB
import Queue
import ServingPath
import Storage

/// Has a confirmed order's stock handed out. Where some of it is gone (the commit came after the reservation's life, and others
/// have bought it since), the order is paid back what can't be delivered, and the rest is committed without it.
struct CommitStock: Sendable {
    let store: Store
    let queue: DurableQueue
    let inventory: InventoryNeighbour
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        do {
            try await inventory.commit(orderId: message.key, for: .queue)
            return .done()
        } catch {
            guard case .refused(let problem) = error, problem.code == "out-of-stock", let short = problem.skus else {
                return Verdict(error)
            }
            do {
                try await store.write("undeliverable") { try refund($0, message.key, Set(short.map(\.sku))) }
                return .unavailable("what is short is taken out of the reservation first")
            } catch {
                return .unavailable("\(error)")
            }
        }
    }

    /// All of a line, even where some of its pieces are there: half of it may be of no use. What is being taken out already is
    /// not taken out again.
    private func refund(_ database: Database, _ orderId: String, _ short: Set<String>) throws {
        guard let order = try OrderStore.order(database, id: orderId), order.status == .confirmed else { return }
        let kept = order.kept
        let lines = order.document.items.filter { short.contains($0.sku) }.map {
            ItemQuantity(sku: $0.sku, quantity: kept[$0.sku] ?? 0)
        }.filter { $0.quantity > 0 }
        guard !lines.isEmpty else { return }
        let now = wall()
        let refund = order.refund(
            id: Identifier.make("rfd_", at: now), .outOfStock, items: lines, reason: "out of stock", at: now)
        try OrderStore.begin(database, queue, refund, of: order, at: now)
    }
}
