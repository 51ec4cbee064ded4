import Contracts

/// Rows that retention deleted are not missing.
extension Snapshot {
    /// Whether the order with this id may have been deleted by retention.
    func mayBeDeleted(_ orderId: String) -> Bool {
        guard let until = deletedUntil(.order, "orders") else { return false }
        return orderId.hasPrefix("ord_")
            && orderId < Identifier.first("ord_", at: until.advanced(by: .milliseconds(1)))
    }

    /// Whether notifications of the order may have been deleted; none is older than its order.
    func mayLackNotifications(_ order: OrderDocument) -> Bool {
        deletedUntil(.notification, "notifications").map { order.createdAt <= $0 } ?? false
    }

    private func deletedUntil(_ service: ServiceName, _ what: String) -> Timestamp? {
        retention[service]?.first { $0.what == what }?.deletedUntil
    }
}
