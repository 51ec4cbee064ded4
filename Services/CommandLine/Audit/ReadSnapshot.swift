import Contracts
import Transport

extension StackReader {
    /// Everything the invariants need. Only sound while nothing is under way.
    func snapshot(progress: (String) -> Void) async throws -> Snapshot {
        var snapshot = Snapshot()
        // What was heard of a store is read before the store, which goes on meanwhile.
        for name in ServiceName.allCases { snapshot.seen[name] = try await get(PathDocument.self, name, "/csp").peers }
        for name in ServiceName.allCases { snapshot.stores[name] = try await get(PathDocument.self, name, "/csp").store }
        progress("reading order")
        // Read anew where orders were deleted in between: the goods of one that is gone are counted apart.
        repeat {
            snapshot.retention[.order] = try await all(.order, "/retention")
            snapshot.deletedGoods = try await all(.order, "/deleted-goods")
            snapshot.orders = try await all(.order, "/orders")
        } while try await all(.order, "/deleted-goods") != snapshot.deletedGoods
        progress("reading payment")
        snapshot.payments = try await all(.payment, "/payments")
        snapshot.ledger = try await get(Ledger.self, .payment, "/ledger")
        progress("reading inventory")
        snapshot.stock = try await all(.inventory, "/stock")
        snapshot.reservations = try await all(.inventory, "/reservations")
        progress("reading coupon")
        snapshot.redemptions = try await all(.coupon, "/redemptions")
        let given = snapshot.orders.filter { $0.status == .confirmed && $0.discount > 0 }.compactMap(\.couponCode)
        snapshot.couponLimits = try await limits(of: Set(snapshot.redemptions.compactMap(\.code) + given))
        progress("reading notification")
        snapshot.notifications = try await all(.notification, "/notifications")
        snapshot.retention[.notification] = try await all(.notification, "/retention")
        for name in ServiceName.allCases { snapshot.dead[name] = try await all(name, "/queue/dead") }
        return snapshot
    }

    private func limits(of codes: Set<String>) async throws -> [String: Int] {
        var limits: [String: Int] = [:]
        for code in codes.sorted() {
            let path = "/coupons/\(Self.escaped(code))"
            // A code that was used and isn't known is for the audit to find, not a reason to give up.
            if try await answer(.coupon, path).status == 404 { continue }
            limits[code] = try await get(Coupon.self, .coupon, path).limitPerCustomer
        }
        return limits
    }
}
