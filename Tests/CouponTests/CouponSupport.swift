import Contracts
import CouponService
import Foundation
import TestSupport

typealias Coupons = RunningService<CouponApplication>

let rules = """
    code,amount_off,limit_per_customer,eligible_skus,valid_until,offline
    ONCE,300,1,A B,,
    TWICE,200,2,A,,
    TIME,100,1,A,2026-01-05T12:00:00Z,
    DAY,100,1,A,2026-01-05,
    """

let noon = Timestamp(milliseconds: 1_767_614_400_000)  // 2026-01-05T12:00:00Z

/// Runs the coupon service with `csv` as its seed.
func withCoupons<Result: Sendable>(
    _ csv: String = rules, folder: TemporaryFolder? = nil, acceptingLoss: Bool = false,
    _ body: @Sendable (Coupons) async throws -> Result
) async throws -> Result {
    let seeds = try TemporaryFolder()
    try seeds.write(csv, to: "coupons.csv")
    return try await withService(
        CouponApplication.self, settings: ["SEED_DIR": seeds.path], folder: folder, wall: { noon },
        acceptingLoss: acceptingLoss, body)
}

func item(_ sku: String, _ quantity: Int = 1, price: Int = 1000) -> PricedItem {
    PricedItem(sku: sku, quantity: quantity, unitPrice: price)
}

extension RunningService<CouponApplication> {
    func redeem(
        _ orderId: String, _ code: String = "ONCE", by customerId: String = "H1", at: Timestamp = noon,
        items: [PricedItem] = [item("A")]
    ) async throws -> TestAnswer {
        try await post(
            "/redemptions",
            RedemptionRequest(orderId: orderId, customerId: customerId, code: code, at: at, items: items))
    }

    func release(_ orderId: String) async throws -> TestAnswer {
        try await post("/redemptions/\(orderId)/release")
    }

    func redemptions(_ query: String = "") async throws -> [Redemption] {
        try await get("/redemptions?limit=500&" + query).decode(Page<Redemption>.self).items
    }

    /// The epoch of its store.
    func epoch() async throws -> Int64 { try await get("/csp").decode(PathDocument.self).store.epoch }

    static func reconciliation(
        _ epoch: Int64, after: String? = nil, upTo: String? = nil, _ redemptions: [ConfirmedRedemption],
        undecided: [String] = []
    ) -> ReconciliationRequest {
        ReconciliationRequest(
            epoch: epoch, after: after, upTo: upTo, redemptions: redemptions, undecided: undecided)
    }

    func reconcile(
        _ epoch: Int64, after: String? = nil, upTo: String? = nil, _ redemptions: [ConfirmedRedemption],
        undecided: [String] = []
    ) async throws -> ReconciliationAnswer {
        try await post(
            "/reconciliation",
            Self.reconciliation(epoch, after: after, upTo: upTo, redemptions, undecided: undecided)
        ).decode()
    }
}
