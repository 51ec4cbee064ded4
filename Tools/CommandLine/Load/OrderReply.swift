import Contracts

/// How a basket ended.
enum Ending: Equatable {
    case confirmed
    /// Refused for a reason in the contract's table.
    case refused(code: String)
    case cancelled
    /// Unknown at the timeout; holds the last answer.
    case unresolved(String)
    /// An answer that the contract doesn't have.
    case unexpected(String)
}

/// What an answer to `POST /orders` means for a client that follows its order to the end.
enum OrderReply: Equatable {
    case ended(Ending, OrderDocument?)
    /// Accepted: to be followed until it is terminal.
    case follow(OrderDocument)
    /// Nothing is decided yet: send the same key again, after this many seconds at least.
    case again(after: Double, String)
    /// Nothing was done, for a reason outside the order: it may be sent again, after this many seconds at
    /// least.
    case turnedAway(after: Double, code: String)

    /// The refusals of the contract's table, by status.
    static let refusals: [Int: Set<String>] = [
        402: ["payment-declined"], 409: ["out-of-stock", "total-exceeded"],
        422: ["unknown-sku", "coupon-refused"],
    ]

    init(_ answer: OrderAnswer) {
        let order = answer.order
        switch (answer.status, order?.status, answer.problem?.code) {
        case (201, .confirmed, _): self = .ended(.confirmed, order)
        case (200, .cancelled, _): self = .ended(.cancelled, order)
        case (202, .accepted, _), (202, .placing, _):
            self = order.map(OrderReply.follow) ?? Self.unexpected(answer)
        case (409, _, "order-cancelled"): self = .ended(.cancelled, nil)
        case (409, _, "request-in-progress"):
            self = .again(after: answer.retryAfter, "409 request-in-progress")
        // Only a restart shows whether a disk that failed kept the write.
        case (503, _, "storage-failed"), (503, _, nil):
            self = .again(after: answer.retryAfter, "503 \(answer.problem?.code ?? "")")
        case (503, _, let code?), (429, _, let code?):
            self = .turnedAway(after: answer.retryAfter, code: code)
        case (let status, _, let code?) where Self.refusals[status]?.contains(code) == true:
            self = .ended(.refused(code: code), nil)
        default: self = Self.unexpected(answer)
        }
    }

    private static func unexpected(_ answer: OrderAnswer) -> OrderReply {
        .ended(.unexpected("\(answer.status) \(answer.excerpt)"), nil)
    }

    /// The end that an order document tells; nil while it isn't terminal.
    static func ending(of order: OrderDocument) -> Ending? {
        switch order.status {
        case .confirmed: .confirmed
        case .cancelled: .cancelled
        case .rejected: .refused(code: "rejected")
        case .placing, .accepted: nil
        }
    }
}
