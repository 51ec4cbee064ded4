import Contracts
import Foundation

/// Cancels an undecided order: at once for the customer, while the undoings go through the outbox.
struct CancelOrder: Sendable {
    let store: OrderStore
    let wall: @Sendable () -> Timestamp

    /// The cancelled order's document, as JSON. Cancelling twice is cancelling once.
    func callAsFunction(_ id: String) async throws -> Data {
        let document = try await store.update(id, as: "cancel") { [wall] order in
            switch order.status {
            case .placing, .accepted: try .cancelled(order, "cancelled by the customer", at: wall())
            case .cancelled: nil
            case .confirmed, .rejected: throw OrderError.notCancellable(id: id, order.status)
            }
        }
        guard let document else { throw OrderError.unknownOrder(id: id) }
        return document
    }
}
