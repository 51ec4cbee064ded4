import Contracts
import TestSupport
import Testing

@Suite("Payments under concurrency", .timeLimit(.minutes(10)))
struct PaymentConcurrencyTests {
    /// The answers of `count` concurrent calls.
    private func answers(_ count: Int, _ call: @escaping @Sendable (Int) async throws -> TestAnswer)
        async throws
        -> [TestAnswer]
    {
        try await withThrowingTaskGroup(of: TestAnswer.self) { group in
            for number in 0..<count { group.addTask { try await call(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test("200 parallel posts with one key are one capture, and all get its answer")
    func oneKey() async throws {
        try await withPayments { service in
            let answers = try await answers(200) { _ in try await service.capture(charge("o1"), key: "k1") }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(answers.count { !$0.isReplayed } == 1)
            #expect(try Set(answers.map { try $0.decode(Payment.self).id }).count == 1)
            #expect(try await service.payments().count == 1)
            #expect(try await service.cash() == 718)
        }
    }

    @Test("100 parallel captures of one order with a key each are one capture, and all get its answer")
    func oneOrder() async throws {
        try await withPayments { service in
            let answers = try await answers(100) { try await service.capture(charge("o1"), key: "k\($0)") }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(answers.count { !$0.isReplayed } == 1)
            #expect(try await service.payments().count == 1)
            #expect(try await service.cash() == 718)
        }
    }

    @Test("capturing and voiding one order at once ends with nothing kept, in either order")
    func captureAgainstVoid() async throws {
        try await withPayments { service in
            let answers = try await answers(200) { number in
                let order = "o\(number / 2)"
                return number.isMultiple(of: 2)
                    ? try await service.capture(charge(order)) : try await service.void(order)
            }
            #expect(answers.count { $0.status == 200 } == 100)
            #expect(answers.count { [201, 409].contains($0.status) } == 100)
            let payments = try await service.payments()
            #expect(payments.count == answers.count { $0.status == 201 })
            #expect(payments.allSatisfy { $0.status == .voided && $0.amount == $0.refunded })
            #expect(try await service.cash() == 0)
            #expect(try await service.ledger().totals == ["USD": 0])
            for number in 0..<100 {
                #expect(
                    try await service.capture(charge("o\(number)"), key: "late-\(number)").problem?.code
                        == "voided")
            }
        }
    }

    @Test("200 parallel refunds and a void never exceed the capture")
    func refundsAgainstVoid() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 1000)).decode()
            let answers = try await answers(201) { number in
                number == 100
                    ? try await service.void("o1")
                    : try await service.refund(payment.id, 10, key: "r\(number)")
            }
            #expect(answers.allSatisfy { [200, 201, 409, 422].contains($0.status) })
            let voided = try #require(try await service.payments().first)
            #expect(voided.refunded == 1000)
            #expect(voided.refunds.reduce(0) { $0 + $1.amount } == 1000)
            #expect(voided.refunds.count { $0.reason == "coupon" } == answers.count { $0.status == 201 })
            #expect(try await service.cash() == 0)
        }
    }

    @Test("200 parallel refunds of a hundredth each are a hundred refunds")
    func refundsHold() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 1000)).decode()
            let answers = try await answers(200) { try await service.refund(payment.id, 10, key: "r\($0)") }
            #expect(answers.count { $0.status == 201 } == 100)
            #expect(answers.count { $0.problem?.code == "refund-exceeds-capture" } == 100)
            #expect(try await service.cash() == 0)
        }
    }

    @Test("200 parallel refunds with one key are one refund")
    func oneRefundKey() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1", 1000)).decode()
            let answers = try await answers(200) { _ in try await service.refund(payment.id, 10, key: "r1") }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(answers.count { !$0.isReplayed } == 1)
            #expect(try await service.cash() == 990)
        }
    }
}
