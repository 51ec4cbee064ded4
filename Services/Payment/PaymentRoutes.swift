import Contracts
import HTTPTypes
import Runtime
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
        try await change(call, PaymentRequest.self, { $0.validate(&$1) }) { try await capture($0, key: $1) }
    }

    private func voidPayment(_ call: Call) async throws -> Answer {
        let request = try await call.decode(VoidRequest.self) { $1.text($0.orderId, "/orderId") }
        return try .json(200, try await void(orderId: request.orderId))
    }

    private func refundPayment(_ call: Call) async throws -> Answer {
        try await change(call, RefundRequest.self, { $0.validate(&$1) }) {
            try await refund(paymentId(call), $0, key: $1)
        }
    }

    private func change<Request: Decodable & Sendable>(
        _ call: Call, _ type: Request.Type, _ check: @escaping @Sendable (Request, inout FieldCheck) -> Void,
        _ change: (Request, _ key: String) async throws -> (payment: Payment, isReplayed: Bool)
    ) async throws -> Answer {
        let key = try call.idempotencyKey()
        let request = try await call.decode(type, check: check)
        let (payment, isReplayed) = try await change(request, key)
        var headers: HTTPFields = [.location: "/payments/\(payment.id)"]
        if isReplayed { headers[.idempotentReplayed] = "true" }
        return try .json(201, payment, headers: headers)
    }

    private func list(_ call: Call) async throws -> Answer {
        try await call.list(filters: ["orderId"]) { check in
            let orderId = call.query("orderId")
            if let orderId { check.text(orderId, "/orderId") }
            return payments.list(orderId: orderId)
        }
    }

    private func show(_ call: Call) async throws -> Answer {
        try .json(200, try await payments.payment(paymentId(call)))
    }

    private func paymentId(_ call: Call) throws -> String {
        try call.id("id") { PaymentError.unknown(id: $0) }
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
