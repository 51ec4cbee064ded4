import Contracts

/// One order as its customer saw it: its scheduled time and its first answer.
struct Sample: Equatable, Sendable {
    enum Outcome: Equatable {
        case confirmed, accepted
        /// Refused for a reason in the contract's table, such as a declined payment.
        case refused
        /// Refused with a 503 of the contract: nothing was done.
        case turnedAway
        /// No answer, or one outside the contract.
        case failed
    }

    /// Seconds since the load began.
    var at: Double
    /// Milliseconds to the first answer, or to the timeout.
    var latency: Double
    var outcome: Outcome
    /// `201 confirmed`, `503 overloaded`, `no answer in time`
    var answer: String
    var hasCoupon = false
    var degradations: [Degradation] = []

    /// When the answer came.
    var end: Double { at + latency / 1000 }

    /// Whether a healthy stack would answer so.
    var isNormal: Bool { (outcome == .confirmed && degradations.isEmpty) || outcome == .refused }

    /// The 503s that `POST /orders` may answer.
    static let allowed503s: Set = [
        "overloaded", "storage-full", "storage-unavailable", "deadline-exceeded", "price-unavailable",
        "coupon-unavailable",
    ]
}

extension Sample {
    init(_ first: Attempt, at: Double, latency: Double, hasCoupon: Bool) {
        self.init(
            at: at, latency: latency, outcome: Outcome(first), answer: first.words, hasCoupon: hasCoupon,
            degradations: first.degradations ?? [])
    }
}

extension Sample.Outcome {
    init(_ attempt: Attempt) {
        self =
            switch (attempt.status, attempt.code) {
            case (201, _) where attempt.orderStatus == .confirmed: .confirmed
            case (202, _) where attempt.orderId != nil: .accepted
            case (503, let code?) where Sample.allowed503s.contains(code): .turnedAway
            case (let status?, let code?) where OrderReply.refusals[status]?.contains(code) == true: .refused
            default: .failed
            }
    }
}
