import Contracts
import Runtime
import ServingPath
import Transport

struct CouponRoutes: Sendable {
    let coupons: CouponStore
    let book: CouponBook
    let redeem: Redeem
    let release: Release
    let reconcile: Reconcile

    var routes: [Route] {
        [
            // A code is worth money to those who know it.
            .get("/coupons", .sheddablePlus, access: .services, query: .checked) {
                try await listCoupons($0)
            },
            .get("/coupons/{code}", .sheddablePlus) { try showCoupon($0) },
            .post("/redemptions", .criticalPlus, access: .services, addsWork: true) { try await redeem($0) },
            .post("/redemptions/{orderId}/release", .sheddable, access: .services) {
                try .json(200, try await release(orderId: $0.id("orderId")))
            },
            .get("/redemptions", query: .checked) { try await listRedemptions($0) },
            .post("/reconciliation", .sheddable, access: .services) { try await reconcile($0) },
        ]
    }

    private func listCoupons(_ call: Call) async throws -> Answer {
        var check = FieldCheck()
        let paging = Paging(call, &check)
        try check.finish()
        let coupons = book.coupons(after: paging.after, limit: paging.limit + 1)
        return try await paging.answer(coupons) { $0.code }
    }

    private func showCoupon(_ call: Call) throws -> Answer {
        let code = call.parameter("code")
        guard let rule = book.rule(code) else { throw CouponError.unknownCoupon(code: code) }
        return try .json(200, rule.coupon)
    }

    private func redeem(_ call: Call) async throws -> Answer {
        let request = try await call.decode(RedemptionRequest.self) { $0.validate(&$1) }.canonical
        return try .json(201, try await redeem(request))
    }

    private func reconcile(_ call: Call) async throws -> Answer {
        let request = try await call.decode(ReconciliationRequest.self) { $0.validate(&$1) }
        return try .json(200, try await reconcile(request))
    }

    private func listRedemptions(_ call: Call) async throws -> Answer {
        try await call.list(filters: ["code", "customerId", "orderId", "status"]) { check in
            let status = call.query("status", as: RedemptionStatus.self, &check)
            return coupons.redemptions(
                of: call.query("orderId"), by: call.query("customerId"), code: call.query("code"), status)
        }
    }
}
