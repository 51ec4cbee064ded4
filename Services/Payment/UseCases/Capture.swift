import Contracts
import Resilience
import Transport

/// Captures an order's total: once an order id, whatever is retried.
struct Capture: Sendable {
    let payments: PaymentStore
    let time: TimeSource
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``PaymentError``: declined, voided, or a key or an order id that comes again with other
    ///   contents.
    func callAsFunction(
        _ request: PaymentRequest, key: String
    ) async throws -> (payment: Payment, isReplayed: Bool) {
        let now = wall()
        let decision = try await payments.capture(request, key: key) { known throws(PaymentError) in
            try CaptureDecision.decide(request, known, at: now)
        }
        switch decision {
        case .decline(let reason), .repeatDecline(let reason): throw PaymentError.declined(reason: reason)
        case .repeatCapture(let payment): return (payment, true)
        case .capture(let payment):
            if case .approvedSlowly(let delay) = Issuer.decide(token: request.token) {
                await Admission.suspended { try? await time.sleep(delay) }
            }
            return (payment, false)
        }
    }
}
