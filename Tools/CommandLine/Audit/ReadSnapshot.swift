import Contracts
import Transport

extension StackReader {
    /// Everything that the invariants need. Valid only while nothing is under way.
    func snapshot(progress: (String) -> Void) async throws -> Snapshot {
        var snapshot = Snapshot()
        // What peers know of a store is read before the store itself, whose counter only grows.
        for name in names {
            snapshot.seen[name] = try await get(PathDocument.self, name, "/csp").peers
        }
        for name in names {
            snapshot.stores[name] = try await get(PathDocument.self, name, "/csp").store
        }
        progress("reading all services")
        // Concurrently: one service reads a page while those of others are decoded.
        async let orders = orders()
        async let payments: [Payment] = all(.payment, "/payments")
        async let reservations: [AuditedReservation] = all(.inventory, "/reservations")
        async let redemptions: [Redemption] = all(.coupon, "/redemptions")
        async let notifications: [AuditedNotification] = all(.notification, "/notifications")
        snapshot.stock = try await all(.inventory, "/stock")
        snapshot.ledger = try await get(Ledger.self, .payment, "/ledger")
        snapshot.redemptions = try await redemptions
        snapshot.notifications = try await notifications
        snapshot.payments = try await payments
        snapshot.reservations = try await reservations
        (snapshot.orders, snapshot.deletedGoods, snapshot.retention[.order]) = try await orders
        snapshot.retention[.notification] = try await retention(.notification)
        let given = snapshot.orders.filter { $0.status == .confirmed && $0.discount > 0 }.compactMap(
            \.couponCode)
        snapshot.couponLimits = try await limits(of: Set(snapshot.redemptions.compactMap(\.code) + given))
        for name in names { snapshot.dead[name] = try await all(name, "/queue/dead") }
        return snapshot
    }

    private func retention(_ name: ServiceName) async throws -> [RetentionStatus] {
        try await get(Page<RetentionStatus>.self, name, "/retention").items
    }

    /// Read again if orders were deleted meanwhile: the goods of deleted orders are counted separately.
    private func orders() async throws -> ([OrderDocument], [ItemQuantity], [RetentionStatus]) {
        while true {
            let retention = try await retention(.order)
            let goods: [ItemQuantity] = try await all(.order, "/deleted-goods")
            // Product names are most of an order's bytes and aren't needed.
            let orders = try await all(.order, "/orders") { (order: inout OrderDocument) in
                for index in order.items.indices { order.items[index].name = nil }
            }
            if try await all(.order, "/deleted-goods") == goods { return (orders, goods, retention) }
        }
    }

    private func limits(of codes: Set<String>) async throws -> [String: Int] {
        var limits: [String: Int] = [:]
        for code in codes.sorted() {
            let path = "/coupons/\(code.percentEncoded)"
            // A code that was used and is unknown is a finding of the audit, not an error.
            if try await answer(.coupon, path).status == 404 { continue }
            limits[code] = try await get(Coupon.self, .coupon, path).limitPerCustomer
        }
        return limits
    }
}
