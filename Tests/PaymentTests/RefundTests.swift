import Contracts
import TestSupport
import Testing

@Suite("Refund", .timeLimit(.minutes(10)))
struct RefundTests {
    @Test("refunds add up in the payment and in the ledger")
    func addsUp() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 700)).decode()
            let first = try await service.refund(payment.id, 200, reason: "coupon C1", key: "r1")
            #expect(first.status == 201)
            #expect(!first.isReplayed)
            #expect(first.header("Location") == "/payments/\(payment.id)")
            let refunded: Payment = try await service.refund(payment.id, 50, reason: "coupon C2", key: "r2")
                .decode()
            #expect(refunded.status == .captured)
            #expect(refunded.amount == 700)
            #expect(refunded.refunded == 250)
            #expect(refunded.refunds.map(\.amount) == [200, 50])
            #expect(refunded.refunds.map(\.reason) == ["coupon C1", "coupon C2"])
            #expect(try await service.get("/payments/\(payment.id)").decode(Payment.self) == refunded)
            let expected: [Ledger.Account] = [
                .init(account: "cash", currency: "USD", balance: 450),
                .init(account: "refunds", currency: "USD", balance: 250),
                .init(account: "sales", currency: "USD", balance: -700),
            ]
            #expect(try await service.ledger() == Ledger(accounts: expected, totals: ["USD": 0]))
        }
    }

    @Test("a repeated refund is made once and answered with the current payment")
    func replays() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 700)).decode()
            #expect(try await service.refund(payment.id, 200, key: "r1").status == 201)
            #expect(try await service.refund(payment.id, 500, key: "r2").status == 201)
            let again = try await service.refund(payment.id, 200, key: "r1")
            #expect(again.status == 201)
            #expect(again.isReplayed)
            #expect(try again.decode(Payment.self).refunded == 700)
            #expect(try await service.void("o1").status == 200)
            #expect(try await service.refund(payment.id, 200, key: "r1").isReplayed)
            #expect(try await service.cash() == 0)
        }
    }

    @Test("a repeated key with another payment, amount or reason is refused and changes nothing")
    func keyReused() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1")).decode()
            let other: Payment = try await service.capture(charge("o2")).decode()
            #expect(try await service.refund(payment.id, 200, key: "r1").status == 201)
            for answer in [
                try await service.refund(other.id, 200, key: "r1"),
                try await service.refund(payment.id, 201, key: "r1"),
                try await service.refund(payment.id, 200, reason: "another", key: "r1"),
            ] {
                #expect(answer.status == 422)
                #expect(answer.problem?.code == "idempotency-key-reused")
            }
            #expect(try await service.cash() == 718 * 2 - 200)
        }
    }

    @Test("more than the rest of the capture is refused, and the key stays free")
    func exceeds() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 700)).decode()
            #expect(try await service.refund(payment.id, 600, key: "r1").status == 201)
            let answer = try await service.refund(payment.id, 101, key: "r2")
            #expect(answer.status == 422)
            #expect(answer.problem?.code == "refund-exceeds-capture")
            #expect(try await service.refund(payment.id, 100, key: "r2").status == 201)
            #expect(
                try await service.refund(payment.id, 1, key: "r3").problem?.code == "refund-exceeds-capture")
            #expect(try await service.cash() == 0)
        }
    }

    @Test("a voided payment is refunded already: 409")
    func voided() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1")).decode()
            #expect(try await service.void("o1").status == 200)
            let answer = try await service.refund(payment.id, 1, key: "r1")
            #expect(answer.status == 409)
            #expect(answer.problem?.code == "voided")
            #expect(try await service.cash() == 0)
        }
    }

    @Test("an unknown payment is 404, also where an id continues behind a NUL")
    func unknown() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1")).decode()
            for id in ["pay_0", payment.id + "%00", payment.id + "%00x", "%F0%9F%92%B8", "o1"] {
                #expect(try await service.refund(id, 1, key: "r1").problem?.code == "not-found")
                #expect(try await service.get("/payments/" + id).problem?.code == "not-found")
            }
            #expect(try await service.cash() == 718)
        }
    }
}
