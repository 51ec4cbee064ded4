/// Why a call under a policy has no value.
public enum CallFailure<Failure: Error>: Error {
    /// A policy refused, or ended, the call.
    case rejected(Rejection)
    /// The operation failed (the last try, if there were several), with what that says about the dependency.
    case failed(Failure, Disposition)

    /// What the failure says about the dependency.
    @inlinable
    public var disposition: Disposition {
        switch self {
        case .rejected(let rejection): rejection.disposition
        case .failed(_, let disposition): disposition
        }
    }
}

extension CallFailure: Equatable where Failure: Equatable {}

/// Why a policy refused, or ended, a call. A refused call was not made; only ``timedOut`` and ``cutShort``
/// end one that may have begun.
public enum Rejection: Error, Sendable, Hashable {
    /// The deadline has passed, or would pass before the call could be made.
    case deadlineExceeded
    /// The attempt was cancelled when its time was over: whether it had an effect is unknown.
    case timedOut
    /// As ``timedOut``, but the caller's own deadline left the dependency too little time for the failure to
    /// say anything about it (``Timeout``).
    case cutShort
    /// The breaker is open; in about `retryAfter` it will let a probe pass (nil: it is forced open).
    case circuitOpen(retryAfter: Duration?)
    /// All permits are taken and the queue is full.
    case bulkheadFull
    /// A ``Shedder`` has more to do than it can.
    case limitReached
    /// The rate is used up; the next token comes after `retryAfter`.
    case rateLimited(retryAfter: Duration)
    /// So many of the last calls were refused by the dependency that this one was not sent.
    case throttled
    /// The task was cancelled while it waited for its turn.
    case cancelled
    /// ``Faults`` ended the call on purpose, as this kind of fault does.
    case injected(FaultKind)

    /// A timeout counts against the dependency, and so does an injected fault; every other refusal is this
    /// side's decision, and says nothing about the dependency.
    @inlinable
    public var disposition: Disposition {
        switch self {
        case .timedOut, .injected: .transient
        default: .ignored
        }
    }
}
