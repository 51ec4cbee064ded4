import Contracts
import PaymentService
import TestSupport
import Testing

@Suite("Payments against a model", .timeLimit(.minutes(10)))
struct PaymentModelTests {
    /// The model, and the ids of the payments, which it can't know.
    private struct Run: Sendable {
        var model = PaymentModel()
        var ids: [String: String] = [:]
        /// Outcomes that occurred: a sequence tests only the rules that it meets.
        var seen: Set<String> = []
        var generator: SeededRandomSource
    }

    @Test(
        "random captures, refunds, voids and restarts follow the model, and the ledger sums to 0",
        arguments: [1, 2, 3] as [UInt64])
    func followsTheModel(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var run = Run(generator: SeededRandomSource(seed: seed))
        for part in 0..<3 {
            run = try await withPayments(folder: folder) { [run] service in
                var run = run
                for step in 0..<150 {
                    try await take(&run, service, "seed \(seed), part \(part), step \(step)")
                }
                return run
            }
        }
        #expect(
            run.seen == [
                "capture contents-differ", "capture done", "capture idempotency-key-reused",
                "capture payment-declined",
                "capture replayed", "capture voided", "refund done", "refund idempotency-key-reused",
                "refund not-found",
                "refund refund-exceeds-capture", "refund replayed", "refund voided", "void done",
            ])
        let payments = try await withPayments(folder: folder) { try await $0.payments() }
        #expect(Set(payments.map(\.orderId)) == Set(run.model.charges.keys))
        for payment in payments {
            let charge = run.model.charges[payment.orderId]
            #expect(payment.amount == charge?.request.amount)
            #expect(payment.refunded == charge?.refunded)
            #expect((payment.status == .voided) == charge?.isVoided)
            #expect(payment.refunds.reduce(0) { $0 + $1.amount } == payment.refunded)
        }
    }

    /// Sends one random request to both, and checks the ledger.
    private func take(_ run: inout Run, _ service: RunningService<PaymentApplication>, _ step: Comment)
        async throws
    {
        let order = "o\(Int.random(in: 0..<25, using: &run.generator))"
        // Half of the keys are the order's own, so that both repeated and foreign keys occur.
        let isOwn = Bool.random(using: &run.generator)
        let owner = isOwn ? order : "o\(Int.random(in: 0..<25, using: &run.generator))"
        let key = "\(owner)-\(Int.random(in: 0..<2, using: &run.generator))"
        let answer: TestAnswer
        let expected: String
        let operation: String
        switch Int.random(in: 0..<10, using: &run.generator) {
        case 0:
            operation = "void"
            expected = run.model.void(order)
            answer = try await service.void(order)
        case 1...5:
            operation = "capture"
            let token = ["tok_ok", "tok_ok", "tok_declined"].randomElement(using: &run.generator) ?? ""
            let amount = [300, 300, 300, 500].randomElement(using: &run.generator) ?? 0
            let request = charge(order, amount, token: token)
            expected = run.model.capture(request, key: key)
            answer = try await service.capture(request, key: key)
            if answer.status == 201 { run.ids[order] = try answer.decode(Payment.self).id }
        default:
            operation = "refund"
            let amount = Int.random(in: 1...2, using: &run.generator) * 100
            expected = run.model.refund(order, amount, key: key)
            answer = try await service.refund(run.ids[order] ?? "pay_unknown", amount, key: key)
        }
        let outcome = answer.status < 300 ? (answer.isReplayed ? "replayed" : "done") : answer.problem?.code
        run.seen.insert("\(operation) \(expected)")
        #expect(outcome == expected, step)
        #expect(try await service.ledger() == run.model.ledger, step)
    }
}
