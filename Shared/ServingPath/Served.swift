/// What an optional dependency's call answers. Such a call isn't declared `throws`: whatever happens to the dependency,
/// the path goes on with one of these, and the case says how honest the value is.
public enum Served<Value: Sendable>: Sendable {
    /// The dependency answered.
    case live(Value)
    /// The dependency didn't; nothing can stand in for its answer.
    case absent(reason: Unavailability)

    public var value: Value? {
        switch self {
        case .live(let value): value
        case .absent: nil
        }
    }
}

/// Why a dependency gave no answer: the `reason` of a degradation, as customers and operators read it.
public enum Unavailability: String, Sendable, Hashable, Codable {
    /// No connection: refused, no route, unknown host. Nothing was sent, so nothing was done.
    case unreachable
    /// No answer in time: whether it was done is unknown.
    case timeout
    /// The connection ended before the whole answer: whether it was done is unknown.
    case connectionLost = "connection-lost"
    /// An answer that isn't the contract's, in status or body.
    case invalidAnswer = "invalid-answer"
    /// A 5xx or 429.
    case serverError = "server-error"
    /// No time was left to ask.
    case deadlineExceeded = "deadline-exceeded"

    /// Whether the dependency may have done what it was asked to: then it has to be asked again, or to undo it.
    public var mayHaveBeenDone: Bool { self != .unreachable && self != .deadlineExceeded }
}
