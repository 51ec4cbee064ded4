import Contracts
import PaymentService
import TestSupport

let noon = Timestamp(milliseconds: 1_767_614_400_000)  // 2026-01-05T12:00:00Z

func withPayments<Result: Sendable>(
    folder: TemporaryFolder? = nil, wall: @escaping @Sendable () -> Timestamp = { noon },
    _ body: @Sendable (RunningService<PaymentApplication>) async throws -> Result
) async throws -> Result {
    try await withService(PaymentApplication.self, folder: folder, wall: wall, body)
}

func charge(
    _ orderId: String, by customerId: String = "H1", _ amount: Int = 718, in currency: String = "USD",
    token: String = "tok_ok"
) -> PaymentRequest {
    PaymentRequest(orderId: orderId, customerId: customerId, amount: amount, currency: currency, token: token)
}

extension RunningService<PaymentApplication> {
    /// Captures with the order's id as the key, unless `key` says otherwise.
    func capture(_ request: PaymentRequest, key: String? = nil) async throws -> TestAnswer {
        try await post("/payments", request, key: key ?? request.orderId)
    }

    func void(_ orderId: String) async throws -> TestAnswer {
        try await post("/payments/void", VoidRequest(orderId: orderId))
    }

    func refund(_ paymentId: String, _ amount: Int, reason: String = "coupon", key: String) async throws
        -> TestAnswer
    {
        try await post(
            "/payments/\(paymentId)/refunds", RefundRequest(amount: amount, reason: reason), key: key)
    }

    func payments(_ query: String = "") async throws -> [Payment] {
        try await get("/payments?limit=500&" + query).decode(Page<Payment>.self).items
    }

    func ledger() async throws -> Ledger { try await get("/ledger").decode() }

    /// The cash of all currencies together.
    func cash() async throws -> Int {
        try await ledger().accounts.filter { $0.account == "cash" }.reduce(0) { $0 + $1.balance }
    }
}

extension TestAnswer {
    var isReplayed: Bool { header("Idempotent-Replayed") == "true" }
}
