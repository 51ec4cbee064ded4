import Contracts

/// What the service should do, as simply as possible: everything in dictionaries.
struct PaymentModel: Sendable {
    struct Charge: Sendable {
        var request: PaymentRequest
        var refunded = 0
        var isVoided = false
    }

    var charges: [String: Charge] = [:]
    var tombstones: Set<String> = []
    /// The request that consumed each key, and whether it was declined.
    var captureKeys: [String: (request: PaymentRequest, isDeclined: Bool)] = [:]
    var refundKeys: [String: (orderId: String, amount: Int)] = [:]

    var ledger: Ledger {
        let captured = charges.values.reduce(0) { $0 + $1.request.amount }
        let refunded = charges.values.reduce(0) { $0 + $1.refunded }
        guard !charges.isEmpty else { return Ledger(accounts: [], totals: [:]) }
        return Ledger(
            accounts: [
                .init(account: "cash", currency: "USD", balance: captured - refunded),
                .init(account: "refunds", currency: "USD", balance: refunded),
                .init(account: "sales", currency: "USD", balance: -captured),
            ], totals: ["USD": 0])
    }

    mutating func capture(_ request: PaymentRequest, key: String) -> String {
        let used = captureKeys[key]
        if let used, used.request != request { return "idempotency-key-reused" }
        if tombstones.contains(request.orderId) || charges[request.orderId]?.isVoided == true {
            return "voided"
        }
        if used?.isDeclined == true { return "payment-declined" }
        if let first = charges[request.orderId]?.request {
            return first.amount == request.amount && first.customerId == request.customerId
                ? "replayed" : "contents-differ"
        }
        let isDeclined = request.token != "tok_ok"
        captureKeys[key] = (request, isDeclined)
        if isDeclined { return "payment-declined" }
        charges[request.orderId] = Charge(request: request)
        return "done"
    }

    mutating func refund(_ orderId: String, _ amount: Int, key: String) -> String {
        guard let charge = charges[orderId] else { return "not-found" }
        if let used = refundKeys[key] {
            return used == (orderId, amount) ? "replayed" : "idempotency-key-reused"
        }
        if charge.isVoided { return "voided" }
        if amount > charge.request.amount - charge.refunded { return "refund-exceeds-capture" }
        refundKeys[key] = (orderId, amount)
        charges[orderId]?.refunded += amount
        return "done"
    }

    mutating func void(_ orderId: String) -> String {
        if let charge = charges[orderId] {
            charges[orderId]?.isVoided = true
            charges[orderId]?.refunded = charge.request.amount
        } else {
            tombstones.insert(orderId)
        }
        return "done"
    }
}
