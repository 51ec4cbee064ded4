import Contracts
import TestSupport
import Testing

@Suite("Release", .timeLimit(.minutes(10)))
struct ReleaseTests {
    @Test("a released redemption keeps its contents and no longer counts")
    func releases() async throws {
        try await withCoupons { service in
            var expected: Redemption = try await service.redeem("o1").decode()
            expected.status = .released
            for _ in 0..<2 {
                let answer = try await service.release("o1")
                #expect(answer.status == 200)
                #expect(try answer.decode(Redemption.self) == expected)
            }
            #expect(try await service.redeem("o2").status == 201)
            #expect(try await service.redemptions("status=released") == [expected])
            #expect(try await service.redemptions("status=active").map(\.orderId) == ["o2"])
        }
    }

    @Test("a redemption after its order's release is refused as voided, also after a restart")
    func tombstone() async throws {
        let folder = try TemporaryFolder()
        let left = try await withCoupons(folder: folder) { service in
            let answer = try await service.release("o1")
            #expect(answer.status == 200)
            return try answer.decode(Redemption.self)
        }
        #expect(
            left
                == Redemption(
                    orderId: "o1", customerId: nil, code: nil, discount: 0, status: .released, at: noon))
        try await withCoupons(folder: folder) { service in
            for code in ["ONCE", "NONE"] {
                let late = try await service.redeem("o1", code)
                #expect(late.status == 409)
                #expect(late.problem?.code == "voided")
            }
            #expect(try await service.release("o1").decode(Redemption.self) == left)
            #expect(try await service.redemptions("orderId=o1") == [left])
            #expect(try await service.redemptions("code=ONCE").isEmpty)
        }
    }

    @Test("a tombstone has null in unknown fields")
    func nulls() async throws {
        try await withCoupons { service in
            let text = try await service.release("o1").text
            #expect(text.contains("\"customerId\":null"))
            #expect(text.contains("\"code\":null"))
        }
    }

    @Test("an order that redeemed and was released can't redeem again")
    func releasedForGood() async throws {
        try await withCoupons { (service) async throws in
            #expect(try await service.redeem("o1").status == 201)
            #expect(try await service.release("o1").status == 200)
            #expect(try await service.redeem("o1").problem?.code == "voided")
        }
    }
}
