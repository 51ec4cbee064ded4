import Contracts

extension Attempt {
    /// What a client may conclude from one request alone.
    enum Meaning: Equatable {
        /// The order is durable (201, 202, or it was read).
        case placed
        case cancelled
        /// Refused for good: the key is used up.
        case refused
        /// Nothing was done and nothing charged; the key is free.
        case nothingDone
        /// No answer, or one that says nothing about what was or will be done.
        case unknown
    }

    var meaning: Meaning {
        if neverSent == true { return .nothingDone }
        switch (status, code) {
        case (200, _) where orderStatus == .cancelled: return .cancelled
        case (200, _) where orderStatus == .rejected: return .refused
        case (200, _), (201, _), (202, _): return .placed
        case (409, "order-cancelled"): return .cancelled
        // Only a restart shows whether a disk that failed kept the write.
        case (503, "storage-failed"): return .unknown
        case (503, _?): return .nothingDone
        case (let status?, let code?) where OrderReply.refusals[status]?.contains(code) == true:
            return .refused
        default: return .unknown
        }
    }

    /// The answer as text: `402 payment-declined`, `201 confirmed`, `no answer in time`.
    var words: String {
        guard let status else { return failure ?? "no answer" }
        return "\(status) \(code ?? orderStatus?.rawValue ?? "")"
    }
}

extension ClientOperation {
    func attempts(_ meaning: Attempt.Meaning) -> [Attempt] { attempts.filter { $0.meaning == meaning } }

    /// The services may hold an order that the client doesn't know: the operation isn't over, or a request
    /// got no clear answer.
    var mayHaveMore: Bool {
        outcome == nil || (attempts(.refused).isEmpty && attempts.contains { $0.meaning == .unknown })
    }

    /// The client never learned whether there is an order.
    var isUnseen: Bool {
        !attempts.contains { [.placed, .cancelled, .refused].contains($0.meaning) }
    }
}
