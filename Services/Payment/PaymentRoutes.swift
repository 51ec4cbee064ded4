import Contracts
import HTTPTypes
import Resilience
import ServingPath
import Transport

struct PaymentRoutes: Sendable {
    let payments: PaymentStore
    let capture: Capture
    let void: VoidPayment
    let refund: RefundPayment

    var routes: [Route] {
        [
            .post("/payments", .criticalPlus, access: .services, addsWork: true) {
                try await capturePayment($0)
            },
            .post("/payments/void", .criticalPlus, access: .services) { try await voidPayment($0) },
            .post("/payments/{id}/refunds", .sheddable, access: .services, addsWork: true) {
                try await refundPayment($0)
            },
            .get("/payments", query: .checked) { try await list($0) },
            .get("/payments/{id}") { try await show($0) },
            .get("/ledger") { _ in try .json(200, try await payments.ledger()) },
        ]
    }

    private func capturePayment(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let request = try await call.decode(PaymentRequest.self) { $0.validate(&$1) }
        guard !call.deadline.hasPassed() else { throw Problem.deadlineExceeded }
        let captured = try await capture(request, key: key)
        return try .json(
            201, captured.payment, headers: headers(captured.payment, isReplayed: captured.isReplayed))
    }

    private func voidPayment(_ call: Call) async throws -> Answer {
        let request = try await call.decode(VoidRequest.self) { $1.text($0.orderId, "/orderId") }
        return try .json(200, try await void(orderId: request.orderId))
    }

    private func refundPayment(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let request = try await call.decode(RefundRequest.self) { $0.validate(&$1) }
        guard !call.deadline.hasPassed() else { throw Problem.deadlineExceeded }
        let refunded = try await refund(paymentId(call), request, key: key)
        return try .json(
            201, refunded.payment, headers: headers(refunded.payment, isReplayed: refunded.isReplayed))
    }

    private func headers(_ payment: Payment, isReplayed: Bool) -> HTTPFields {
        var headers: HTTPFields = [.location: "/payments/\(payment.id)"]
        if isReplayed { headers[.idempotentReplayed] = "true" }
        return headers
    }

    private func list(_ call: Call) async throws -> Answer {
        var check = FieldCheck()
        let paging = Paging(call, filters: ["orderId"], &check)
        let orderId = call.query("orderId")
        if let orderId { check.text(orderId, "/orderId") }
        try check.finish()
        return try await payments.list(
            orderId: orderId, after: paging.after, limit: paging.limit + 1, until: call.deadline
        ) { try await paging.answer($0) { $0.id } }
    }

    private func show(_ call: Call) async throws -> Answer {
        try .json(200, try await payments.payment(paymentId(call)))
    }

    /// SQLite would read an id with a NUL only up to there, and find another one.
    private func paymentId(_ call: Call) throws -> String {
        let id = call.parameter("id")
        guard !id.utf8.contains(0) else { throw PaymentError.unknown(id: id) }
        return id
    }
}

extension PaymentRequest {
    func validate(_ check: inout FieldCheck) {
        check.text(orderId, "/orderId")
        check.text(customerId, "/customerId")
        check.amount(amount, "/amount")
        let isCurrency = currency.utf8.count == 3 && currency.utf8.allSatisfy { (65...90).contains($0) }
        check(isCurrency, "/currency", "must be an ISO 4217 code, such as USD")
        check.text(token, "/token")
    }
}

extension RefundRequest {
    func validate(_ check: inout FieldCheck) {
        check.amount(amount, "/amount")
        check.text(reason, "/reason")
    }
}
