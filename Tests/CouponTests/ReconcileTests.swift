import Contracts
import TestSupport
import Testing

@Suite("A coupon store that has lost redemptions", .timeLimit(.minutes(10)))
struct ReconcileTests {
    private func confirmed(_ orderId: String, _ code: String = "ONCE", by customerId: String = "H1")
        -> ConfirmedRedemption
    {
        ConfirmedRedemption(
            request: RedemptionRequest(
                orderId: orderId, customerId: customerId, code: code, at: noon, items: [item("A")]),
            discount: 300)
    }

    private func withLoss(
        _ before: @Sendable (Coupons) async throws -> Void = { _ in },
        _ after: @Sendable (Coupons, _ epoch: Int64) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        try await withCoupons(folder: folder) { try await before($0) }
        try await withCoupons(folder: folder, acceptingLoss: true) { service in
            try await after(service, try await service.epoch())
        }
    }

    @Test("redeems nothing new before the reconciliation; known redemptions are answered as before")
    func pending() async throws {
        try await withLoss { (service) async throws in
            #expect(try await service.redeem("o1").status == 201)
        } _: { service, epoch in
            let refused = try await service.redeem("o2", by: "H2")
            #expect(refused.status == 503)
            #expect(refused.problem?.code == "reconciling")
            #expect(refused.header("Retry-After") == "1")
            #expect(try await service.redeem("o1").status == 201)
            let told = try await service.reconcile(epoch, [confirmed("o1")])
            #expect(!told.isPending)
            #expect(try await service.redeem("o2", by: "H2").status == 201)
        }
    }

    @Test("redemptions count again, releases stay released, and open claims aren't changed")
    func stretch() async throws {
        try await withLoss { (service) async throws in
            for (order, customer) in [("o2", "H2"), ("o4", "H4"), ("o6", "H6")] {
                #expect(try await service.redeem(order, by: customer).status == 201)
            }
            #expect(try await service.release("o5").status == 200)
        } _: { service, epoch in
            let first = try await service.reconcile(
                epoch, upTo: "o4", [confirmed("o1"), confirmed("o2", by: "H2")], undecided: ["o3"])
            #expect(first.isPending)
            // The others are not reconciled yet.
            #expect(try await service.redemptions("status=active").map(\.orderId) == ["o6", "o2", "o1"])
            let last = try await service.reconcile(
                epoch, after: "o4", [confirmed("o5", by: "H5")], undecided: ["o6"])
            #expect(!last.isPending)
            // A release that coupon knows isn't undone by order's older state.
            #expect(try await service.redemptions("status=active").map(\.orderId) == ["o6", "o2", "o1"])
            #expect(try await service.redeem("o7").problem?.code == "coupon-used")
            #expect(try await service.redeem("o8", by: "H4").status == 201)
            #expect(try await service.redeem("o1").status == 201)
        }
    }

    @Test("a repeated, late or foreign reconciliation changes nothing")
    func late() async throws {
        try await withLoss { service, epoch in
            for _ in 0..<2 {
                let told = try await service.reconcile(epoch, [confirmed("o1")])
                #expect(!told.isPending)
            }
            #expect(try await service.redeem("o2", by: "H2").status == 201)
            let late = try await service.reconcile(epoch, [confirmed("o3")])
            #expect(!late.isPending)
            #expect(try await service.redemptions("status=active").map(\.orderId) == ["o2", "o1"])
            let other = try await service.post("/reconciliation", Coupons.reconciliation(epoch - 1, []))
            #expect(other.problem?.code == "other-epoch")
        }
    }

    @Test("a store without loss needs none, and a restart doesn't forget a finished one")
    func complete() async throws {
        let folder = try TemporaryFolder()
        let epoch = try await withCoupons(folder: folder, acceptingLoss: true) { service in
            let epoch = try await service.epoch()
            let told = try await service.reconcile(epoch, [])
            #expect(!told.isPending)
            return epoch
        }
        try await withCoupons(folder: folder) { (service) async throws in
            #expect(try await service.epoch() == epoch)
            #expect(try await service.redeem("o1").status == 201)
        }
    }
}
