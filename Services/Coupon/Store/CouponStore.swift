import Contracts
import GRDB
import Mutants
import Storage

/// Coupons and redemptions on disk, in this service's verbs: each is one transaction.
struct CouponStore: Sendable {
    let store: Store

    /// Of this store; a loss that was accepted begins a new one.
    var epoch: Int64 { store.mark.epoch }

    func coupons() async throws -> [Coupon] { try await store.read(CouponTable.coupons) }

    func insert(_ coupons: [Coupon]) async throws {
        try await store.write("seeds") { database in
            for coupon in coupons { try CouponTable.insert(database, coupon) }
        }
    }

    /// Redeems, or not, as `decide` says of what is known. Uses are counted in the transaction that adds one:
    /// two at once can't both take the last.
    func redeem(
        _ request: RedemptionRequest, _ items: [PricedItem],
        _ decide: @escaping @Sendable (RedemptionDecision.Known) throws(CouponError) -> RedemptionDecision
    ) async throws -> Redemption {
        let epoch = epoch
        return try await store.write("redemption") { database in
            let known = RedemptionDecision.Known(
                earlier: try RedemptionTable.redemption(database, orderId: request.orderId),
                isReconciling: try ReconciliationTable.isPending(database, epoch: epoch),
                uses: try RedemptionTable.uses(database, code: request.code, customerId: request.customerId))
            let decision = try decide(known)
            if decision.isNew { try RedemptionTable.insert(database, decision.redemption, items: items) }
            return decision.redemption
        }
    }

    func release(orderId: String, at now: Timestamp) async throws -> Redemption {
        try await store.write("release") { try RedemptionTable.release($0, orderId: orderId, at: now) }
    }

    /// Records the redemptions of a stretch of orders that are missing, and releases those that order doesn't
    /// know. What is there stays, also where it was released: order may not have known of that yet.
    /// - Returns: whether a stretch is left. False changes nothing: a request that comes late may be older
    ///   than what has happened since.
    func reconcile(
        _ request: ReconciliationRequest, _ confirmed: [(Redemption, [PricedItem])], at now: Timestamp
    ) async throws -> Bool {
        try await store.write("reconciliation") { database in
            guard try ReconciliationTable.isPending(database, epoch: request.epoch) else { return false }
            let known = Set(request.redemptions.map(\.request.orderId) + request.undecided)
            let active = try RedemptionTable.active(database, after: request.after ?? "", upTo: request.upTo)
            for id in active where !known.contains(id) && !Mutant.isOn(.couponKeepsWhatOrderForgot) {
                _ = try RedemptionTable.release(database, orderId: id, at: now)
            }
            for (redemption, items) in confirmed
            where try RedemptionTable.redemption(database, orderId: redemption.orderId) == nil {
                try RedemptionTable.insert(database, redemption, items: items)
            }
            if request.upTo == nil { try ReconciliationTable.complete(database, epoch: request.epoch) }
            return request.upTo != nil
        }
    }

    func redemptions(
        of orderId: String?, by customerId: String?, code: String?, _ status: RedemptionStatus?
    ) -> KeysetList {
        RedemptionTable.list(
            store,
            where: [
                "order_id = ?": orderId, "customer_id = ?": customerId, "code = ?": code,
                "status = ?": status?.rawValue,
            ])
    }
}
