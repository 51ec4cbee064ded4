import Contracts
import GRDB
import Storage
import TestSupport
import Testing

@testable import PaymentService

@Suite("Capture", .timeLimit(.minutes(10)))
struct CaptureTests {
    @Test("a capture is answered with the payment, can be read again, and is in the ledger")
    func captures() async throws {
        try await withPayments { service in
            let answer = try await service.capture(charge("o1"))
            #expect(answer.status == 201)
            #expect(!answer.isReplayed)
            let payment: Payment = try answer.decode()
            #expect(payment.id.hasPrefix("pay_"))
            #expect(answer.header("Location") == "/payments/\(payment.id)")
            #expect(
                payment
                    == Payment(
                        id: payment.id, orderId: "o1", customerId: "H1", status: .captured, amount: 718,
                        currency: "USD",
                        refunded: 0, refunds: [], createdAt: noon))
            #expect(
                try await service.get("/payments/\(payment.id)", token: nil).decode(Payment.self) == payment)
            #expect(try await service.payments("orderId=o1") == [payment])
            let expected: [Ledger.Account] = [
                .init(account: "cash", currency: "USD", balance: 718),
                .init(account: "refunds", currency: "USD", balance: 0),
                .init(account: "sales", currency: "USD", balance: -718),
            ]
            #expect(try await service.ledger() == Ledger(accounts: expected, totals: ["USD": 0]))
        }
    }

    @Test("the ledger of an empty store has no currency, and so no account")
    func emptyLedger() async throws {
        try await withPayments { service in
            let ledger = try await service.ledger()
            #expect(ledger.accounts.isEmpty && ledger.totals.isEmpty)
        }
    }

    @Test("a repeated charge of an order, with any key and token, returns its one capture")
    func onceAnOrder() async throws {
        try await withPayments { service in
            let first: Payment = try await service.capture(charge("o1"), key: "k1").decode()
            for (key, token) in [("k1", "tok_ok"), ("k2", "tok_ok"), ("k3", "tok_declined")] {
                let again = try await service.capture(charge("o1", token: token), key: key)
                #expect(again.status == 201)
                #expect(again.isReplayed)
                #expect(try again.decode(Payment.self) == first)
            }
            #expect(try await service.payments() == [first])
            #expect(try await service.cash() == 718)
        }
    }

    @Test("a repeated charge with another amount, currency or customer is refused and changes nothing")
    func contentsDiffer() async throws {
        try await withPayments { service in
            let first: Payment = try await service.capture(charge("o1"), key: "k1").decode()
            for request in [charge("o1", 719), charge("o1", in: "EUR"), charge("o1", by: "H2")] {
                let answer = try await service.capture(request, key: "k2")
                #expect(answer.status == 422)
                #expect(answer.problem?.code == "contents-differ")
            }
            #expect(try await service.payments() == [first])
        }
    }

    @Test("a repeated key with another request is refused, after a capture or a decline")
    func keyReused() async throws {
        try await withPayments { (service) async throws in
            for token in ["tok_ok", "tok_declined"] {
                let first = charge("o-" + token, token: token)
                #expect(try await [201, 402].contains(service.capture(first, key: token).status))
                var others = [first, first, first, first, first]
                others[0].orderId = "other"
                others[1].amount += 1
                others[2].currency = "EUR"
                others[3].customerId = "H2"
                others[4].token = "tok_slow"
                for request in others {
                    let answer = try await service.capture(request, key: token)
                    #expect(answer.status == 422)
                    #expect(answer.problem?.code == "idempotency-key-reused")
                }
            }
            #expect(try await service.payments().count == 1)
        }
    }

    @Test(
        "a declined token is refused with the issuer's reason, and its key is refused again",
        arguments: [
            ("tok_declined", "declined by the issuer"), ("tok_insufficient_funds", "insufficient funds"),
            ("tok_stolen", "unknown payment token"),
        ])
    func declines(token: String, reason: String) async throws {
        try await withPayments { service in
            for _ in 0..<2 {
                let answer = try await service.capture(charge("o1", token: token), key: "k1")
                #expect(answer.status == 402)
                #expect(answer.header("Content-Type") == "application/problem+json")
                #expect(answer.problem?.code == "payment-declined")
                #expect(answer.problem?.reason == reason)
            }
            #expect(try await service.payments().isEmpty)
            #expect(try await service.cash() == 0)
        }
    }

    @Test("after a decline another key may pay for the order, and the first key stays refused")
    func paysAfterDecline() async throws {
        try await withPayments { (service) async throws in
            #expect(try await service.capture(charge("o1", token: "tok_declined"), key: "k1").status == 402)
            #expect(try await service.capture(charge("o1"), key: "k2").status == 201)
            #expect(try await service.capture(charge("o1", token: "tok_declined"), key: "k1").status == 402)
            #expect(try await service.cash() == 718)
        }
    }

    @Test("tok_slow captures at once and answers after 3 seconds; a repeat is answered at once")
    func slowAnswer() async throws {
        try await withPayments { service in
            let time = ManualTime()
            let capture = Capture(
                payments: PaymentStore(store: service.application.store), time: time.source, wall: { noon })
            let request = charge("o1", token: "tok_slow")
            async let slow = capture(request, key: "k1")
            await time.sleepers(1)
            #expect(try await service.cash() == 718)

            time.advance(by: .milliseconds(2999))
            let replay = try await capture(request, key: "k1")
            #expect(replay.isReplayed)
            #expect(try await service.capture(request, key: "k1").isReplayed)
            // Returns at once, since the first request still sleeps.
            await time.sleepers(1)

            time.advance(by: .milliseconds(1))
            let answered = try await slow
            #expect(!answered.isReplayed)
            #expect(answered.payment == replay.payment)
        }
    }

    @Test("a restart keeps captures, refunds, voids, declines and the ledger")
    func survivesRestart() async throws {
        let folder = try TemporaryFolder()
        let before = try await withPayments(folder: folder) { service in
            let paid: Payment = try await service.capture(charge("paid")).decode()
            #expect(try await service.refund(paid.id, 18, key: "r1").status == 201)
            #expect(try await service.capture(charge("undone")).status == 201)
            #expect(try await service.void("undone").status == 200)
            #expect(try await service.void("never-seen").status == 200)
            #expect(try await service.capture(charge("refused", token: "tok_declined")).status == 402)
            return (payments: try await service.payments(), ledger: try await service.ledger())
        }
        try await withPayments(folder: folder) { (service) async throws in
            #expect(try await service.payments() == before.payments)
            #expect(try await service.ledger() == before.ledger)
            let paid = try #require(before.payments.first { $0.orderId == "paid" })
            #expect(try await service.capture(charge("paid")).isReplayed)
            #expect(try await service.refund(paid.id, 18, key: "r1").isReplayed)
            for order in ["undone", "never-seen"] {
                #expect(try await service.capture(charge(order)).problem?.code == "voided")
            }
            #expect(try await service.capture(charge("refused", token: "tok_declined")).status == 402)
            #expect(try await service.capture(charge("refused")).problem?.code == "idempotency-key-reused")
            #expect(try await service.ledger() == before.ledger)
        }
    }

    @Test("each currency has balances of its own")
    func currencies() async throws {
        try await withPayments { service in
            var euros = charge("o2", 300)
            euros.currency = "EUR"
            #expect(try await service.capture(charge("o1", 700)).status == 201)
            #expect(try await service.capture(euros).status == 201)
            let ledger = try await service.ledger()
            #expect(ledger.totals == ["EUR": 0, "USD": 0])
            let cash = ledger.accounts.filter { $0.account == "cash" }
            #expect(cash.map(\.currency) == ["EUR", "USD"] && cash.map(\.balance) == [300, 700])
        }
    }

    @Test("a capture beyond the range of the ledger is refused, and earlier ones can be refunded")
    func full() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 700)).decode()
            try await service.application.store.write("fill") {
                try $0.execute(
                    sql: "UPDATE balances SET balance = -9223372036854775000 WHERE account = 'sales'")
                try $0.execute(
                    sql: "UPDATE balances SET balance = 9223372036854775000 WHERE account = 'cash'")
            }
            let refused = try await service.capture(charge("o2", 1_000_000))
            #expect(refused.status == 409 && refused.problem?.code == "ledger-full")
            #expect(try await service.get("/ledger").status == 200)
            #expect(try await service.refund(payment.id, 700, key: "r1").status == 201)
        }
    }
}
