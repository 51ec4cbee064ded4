import Contracts
import TestSupport
import Testing

@Suite("Void", .timeLimit(.minutes(10)))
struct VoidTests {
    @Test("a repeated void refunds the rest of the capture once")
    func refundsTheRest() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 700)).decode()
            #expect(try await service.refund(payment.id, 200, key: "r1").status == 201)
            let answer = try await service.void("o1")
            #expect(answer.status == 200)
            let voided: Payment = try answer.decode()
            #expect(voided.id == payment.id)
            #expect(voided.status == .voided)
            #expect(voided.amount == 700)
            #expect(voided.refunded == 700)
            #expect(voided.refunds.map(\.amount) == [200, 500])
            #expect(voided.refunds.allSatisfy { $0.id.hasPrefix("ref_") && $0.at == noon })
            #expect(try await service.void("o1").decode(Payment.self) == voided)
            #expect(try await service.payments() == [voided])
            #expect(try await service.cash() == 0)
            #expect(try await service.ledger().totals == ["USD": 0])
        }
    }

    @Test("a fully refunded capture can be voided, without another refund")
    func nothingLeft() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 700)).decode()
            #expect(try await service.refund(payment.id, 700, key: "r1").status == 201)
            let voided: Payment = try await service.void("o1").decode()
            #expect(voided.status == .voided)
            #expect(voided.refunds.map(\.amount) == [700])
            #expect(try await service.cash() == 0)
        }
    }

    @Test("a capture after its order's void is refused, with any key")
    func lateCapture() async throws {
        try await withPayments { (service) async throws in
            #expect(try await service.capture(charge("o1"), key: "k1").status == 201)
            #expect(try await service.void("o1").status == 200)
            for (request, key) in [(charge("o1"), "k1"), (charge("o1"), "k2"), (charge("o1", 1), "k3")] {
                let late = try await service.capture(request, key: key)
                #expect(late.status == 409)
                #expect(late.problem?.code == "voided")
            }
            #expect(try await service.cash() == 0)
        }
    }

    @Test("a void of an uncharged order leaves a tombstone, which refuses captures and is no payment")
    func tombstone() async throws {
        try await withPayments { service in
            let answer = try await service.void("o1")
            #expect(answer.status == 200)
            let tombstone: Payment = try answer.decode()
            #expect(tombstone.orderId == "o1")
            #expect(tombstone.status == .voided)
            #expect(tombstone.amount == 0)
            #expect(tombstone.refunds.isEmpty)
            #expect(try await service.void("o1").decode(Payment.self) == tombstone)
            for token in ["tok_ok", "tok_declined"] {
                #expect(
                    try await service.capture(charge("o1", token: token), key: token).problem?.code
                        == "voided")
            }
            #expect(try await service.payments().isEmpty)
            #expect(try await service.payments("orderId=o1").isEmpty)
            #expect(try await service.get("/payments/\(tombstone.id)").status == 404)
            #expect(try await service.refund(tombstone.id, 1, key: "r1").status == 404)
            #expect(try await service.cash() == 0)
        }
    }

    @Test("a declined order can be voided, and its key is then refused as voided")
    func declinedThenVoided() async throws {
        try await withPayments { (service) async throws in
            let request = charge("o1", token: "tok_declined")
            #expect(try await service.capture(request).status == 402)
            #expect(try await service.void("o1").status == 200)
            #expect(try await service.capture(request).problem?.code == "voided")
        }
    }
}
