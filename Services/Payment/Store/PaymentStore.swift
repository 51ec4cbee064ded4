import Contracts
import GRDB
import Metrics
import Mutants
import Storage

/// The payments on disk, in this service's verbs: each is one transaction.
struct PaymentStore: Sendable {
    let store: Store
    private let counts = Dictionary(
        uniqueKeysWithValues: ["captured", "declined", "refunded", "voided"].map {
            ($0, Counter(label: "csp_payments_total", dimensions: [("outcome", $0)]))
        })

    init(store: Store) { self.store = store }

    private func count(_ outcome: String, _ database: Database) {
        database.afterNextTransaction { [counts] _ in counts[outcome]?.increment() }
    }

    /// Captures, or refuses, as `decide` says of what is known.
    func capture(
        _ request: PaymentRequest, key: String,
        _ decide: @escaping @Sendable (CaptureDecision.Known) throws(PaymentError) -> CaptureDecision
    ) async throws -> CaptureDecision {
        try await store.write("capture") { database in
            let known = CaptureDecision.Known(
                byKey: try PaymentTable.record(database, key: key).map { ($0.payment, $0.token) },
                decline: try PaymentTable.decline(database, key: key),
                byOrder: try PaymentTable.record(database, orderId: request.orderId)?.payment)
            let decision = try decide(known)
            switch decision {
            case .capture(let payment):
                try PaymentTable.insert(database, payment, token: request.token, key: key)
                count("captured", database)
            case .decline(let reason):
                try PaymentTable.insert(database, declined: request, reason, key: key)
                count("declined", database)
            case .repeatCapture(let payment) where Mutant.isOn(.paymentCapturesTwice):
                try LedgerTable.book(
                    database, payment.id, to: .cash, from: .sales, payment.amount, payment.currency)
            case .repeatCapture, .repeatDecline: break
            }
            return decision
        }
    }

    /// - Returns: the payment after its refund; `isReplayed` where the key has made it before.
    func refund(
        _ id: String, _ request: RefundRequest, key: String,
        _ decide: @escaping @Sendable (Payment) throws(PaymentError) -> Refund
    ) async throws -> (payment: Payment, isReplayed: Bool) {
        try await store.write("refund") { database in
            guard let payment = try PaymentTable.record(database, id: id)?.payment else {
                throw PaymentError.unknown(id: id)
            }
            if let used = try PaymentTable.refund(database, key: key) {
                guard used == (id, request.amount, request.reason) else { throw PaymentError.keyReused }
                return (payment, true)
            }
            try PaymentTable.refund(database, payment, try decide(payment), key: key)
            count("refunded", database)
            return (try PaymentTable.record(database, id: id)?.payment ?? payment, false)
        }
    }

    /// - Parameters:
    ///   - tombstone: takes the place of a payment that was never made.
    ///   - rest: the refund of what is left of one that was.
    func void(
        orderId: String, else tombstone: Payment, _ rest: @escaping @Sendable (Payment) -> Refund?
    ) async throws -> Payment {
        try await store.write("void") { database in
            guard let existing = try PaymentTable.record(database, orderId: orderId)?.payment else {
                if !Mutant.isOn(.paymentForgetsVoids) {
                    try PaymentTable.insert(database, tombstone, token: "", key: nil)
                }
                return tombstone
            }
            guard existing.status == .captured else { return existing }
            if Mutant.isOn(.paymentVoidsWithoutRefund) { return existing }
            if let refund = rest(existing) { try PaymentTable.refund(database, existing, refund, key: nil) }
            try PaymentTable.void(database, paymentId: existing.id)
            count("voided", database)
            return try PaymentTable.record(database, orderId: orderId)?.payment ?? existing
        }
    }

    /// - Throws: ``PaymentError/unknown(id:)``.
    func payment(_ id: String) async throws -> Payment {
        guard let payment = try await store.read({ try PaymentTable.record($0, id: id)?.payment }) else {
            throw PaymentError.unknown(id: id)
        }
        return payment
    }

    func list(orderId: String?) -> KeysetList { PaymentTable.list(store, orderId: orderId) }

    func ledger() async throws -> Ledger { try await store.read(LedgerTable.ledger) }
}
