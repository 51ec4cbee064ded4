import Contracts
import CouponService
import TestSupport
import Testing

/// Coupon's store is restored from an older copy, and the loss is accepted.
@Suite("A coupon store that has lost what order knows", .timeLimit(.minutes(10)))
struct ReconcileCouponTests {
    /// Runs `before`, replaces coupon by one with an empty store, then runs `body`.
    private func withLoss<Value: Sendable>(
        _ before: @Sendable (Stack) async throws -> Value,
        _ body: @Sendable (Stack, RunningService<CouponApplication>, Value) async throws -> Void
    ) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        proxy.treat { _ in .pass }
        let seeds = try TemporaryFolder()
        try seeds.write(Stack.coupons, to: "coupons.csv")
        let numbers = ["COUPON_BREAKER_OPEN": "10ms", "COUPON_BREAKER_LONGEST_OPEN": "10ms"]
        try await withStack(settings: numbers, through: ["COUPON_URL": proxy]) { stack in
            let value = try await before(stack)
            try await withService(
                CouponApplication.self, settings: ["SEED_DIR": seeds.path], acceptingLoss: true
            ) { coupon in
                proxy.connect(to: coupon.url)
                try await body(stack, coupon, value)
            }
        }
        withExtendedLifetime(seeds) {}
    }

    private func place(_ stack: Stack, _ code: String = "TENTH", token: String = "tok_ok") async throws
        -> OrderDocument
    {
        try await stack.place(request(coupon: code, token: token)).decode()
    }

    private func active(_ coupon: RunningService<CouponApplication>) async throws -> [String] {
        let page: Page<Redemption> = try await coupon.get("/redemptions?status=active&limit=500").decode()
        return page.items.map(\.orderId)
    }

    @Test("a used-up coupon isn't given again, and coupon learns every use again")
    func usedUp() async throws {
        try await withLoss { stack in
            let first = try await place(stack)
            #expect(first.discount == 10)
            try await stack.drained()
            return first
        } _: { stack, coupon, first in
            let second = try await place(stack)
            #expect(second.status == .confirmed)
            #expect(second.discount == 0)
            try await stack.drained()
            #expect(try await stack.show(second.id).refunded == 0)
            #expect(try await active(coupon) == [first.id])
        }
    }

    @Test("many claims are sent in batches; a remaining use stays available")
    func stretches() async throws {
        try await withLoss { stack in
            var ids: [String] = []
            for number in 0..<230 {
                let order = request([("APPLE", 1), ("PEAR", 1)], customer: "H\(number)", coupon: "TWICE")
                let placed: OrderDocument = try await stack.place(order).decode()
                #expect(placed.discount == 20)
                ids.append(placed.id)
            }
            try await stack.drained()
            return ids
        } _: { stack, coupon, ids in
            // Order learns of the loss from any answer of coupon.
            _ = try await place(stack)
            try await eventually { try await active(coupon).count > ids.count }
            #expect(try await active(coupon).sorted().starts(with: ids.sorted()))
            let again: OrderDocument = try await stack.place(request(customer: "H0", coupon: "TWICE"))
                .decode()
            #expect(again.discount == 20)
            let used = try await stack.place(request(customer: "H0", coupon: "TWICE"))
            #expect(used.problem?.code == "coupon-refused")
            #expect(used.problem?.reason == "used up")
        }
    }
}
