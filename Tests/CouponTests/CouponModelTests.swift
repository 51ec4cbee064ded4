import Contracts
import TestSupport
import Testing

/// What the service should do, as simply as possible: everything in one dictionary.
private struct Model {
    struct Entry {
        var request: RedemptionRequest?
        var isActive: Bool
    }

    static let limits = ["ONCE": 1, "TWICE": 2]
    var entries: [String: Entry] = [:]

    mutating func redeem(_ request: RedemptionRequest) -> String {
        if let entry = entries[request.orderId] {
            if !entry.isActive { return "voided" }
            return entry.request == request ? "redeemed" : "contents-differ"
        }
        guard let limit = Self.limits[request.code] else { return "coupon-refused" }
        guard request.items.contains(where: { $0.sku == "A" }) else { return "coupon-refused" }
        let uses = entries.values.filter {
            $0.isActive && $0.request?.code == request.code && $0.request?.customerId == request.customerId
        }
        guard uses.count < limit else { return "coupon-used" }
        entries[request.orderId] = Entry(request: request, isActive: true)
        return "redeemed"
    }

    mutating func release(_ orderId: String) {
        entries[orderId, default: Entry(request: nil, isActive: false)].isActive = false
    }
}

@Suite("Coupons against a model", .timeLimit(.minutes(10)))
struct CouponModelTests {
    @Test(
        "a random sequence of redemptions, releases and restarts does what the model says",
        arguments: [1, 2, 3] as [UInt64])
    func followsTheModel(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var model = Model()
        var generator = SeededRandomSource(seed: seed)
        for _ in 0..<3 {
            (model, generator) = try await withCoupons(folder: folder) { [model, generator] service in
                try await run(service.redeem, service.release, model, generator, steps: 120)
            }
        }
        let active = try await withCoupons(folder: folder) { try await $0.redemptions("status=active") }
        #expect(Set(active.map(\.orderId)) == Set(model.entries.filter { $0.value.isActive }.keys))
    }

    private func run(
        _ redeem: (String, String, String, Timestamp, [PricedItem]) async throws -> TestAnswer,
        _ release: (String) async throws -> TestAnswer, _ model: Model, _ generator: SeededRandomSource,
        steps: Int
    ) async throws -> (Model, SeededRandomSource) {
        var (model, generator) = (model, generator)
        for step in 0..<steps {
            let order = "o\(Int.random(in: 0..<40, using: &generator))"
            if Int.random(in: 0..<4, using: &generator) == 0 {
                model.release(order)
                #expect(try await release(order).status == 200, "step \(step)")
                continue
            }
            let request = RedemptionRequest(
                orderId: order, customerId: "H\(Int.random(in: 0..<3, using: &generator))",
                code: ["ONCE", "TWICE", "NONE"].randomElement(using: &generator) ?? "", at: noon,
                items: [[item("A")], [item("A", 2)], [item("C")]].randomElement(using: &generator) ?? [])
            let answer = try await redeem(order, request.code, request.customerId, request.at, request.items)
            let outcome = answer.status == 201 ? "redeemed" : answer.problem?.code
            #expect(outcome == model.redeem(request), "step \(step): \(request)")
        }
        return (model, generator)
    }
}
