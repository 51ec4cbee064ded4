public import Resilience

/// Why a dependency gave no answer.
public struct Unavailability: Error, Sendable, Hashable {
    /// The `reason` of a degradation, as customers and operators read it.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// No connection: refused, no route, unknown host. Nothing was sent, so nothing was done.
        case unreachable
        /// No answer in time: whether it was done is unknown.
        case timeout
        /// The connection ended before the whole answer: whether it was done is unknown.
        case connectionLost = "connection-lost"
        /// An answer that isn't the contract's, in status or body.
        case invalidAnswer = "invalid-answer"
        /// A 5xx.
        case serverError = "server-error"
        /// It has more to do than it can, and shed the call: a 429, or a 503 that says so.
        case overloaded
        /// It refused in a way that the contract doesn't know, a 4xx: another try won't change it.
        case unexpectedRefusal = "unexpected-refusal"
        /// No time was left to ask, or too little for an answer to be expected.
        case deadlineExceeded = "deadline-exceeded"
        /// Not called: it failed too often lately.
        case circuitOpen = "circuit-open"
        /// Not called: too many calls to it are under way already.
        case bulkheadFull = "bulkhead-full"
        /// Not called: this side's rate limit is reached.
        case rateLimited = "rate-limited"
        /// Not called: something that was begun earlier has to be settled first.
        case awaitingEarlier = "awaiting-earlier"
        /// The caller has gone. Whether it was done is unknown.
        case cancelled

        /// Whether a try that ends like this may have been done.
        public var mayHaveBeenDone: Bool {
            switch self {
            case .timeout, .connectionLost, .invalidAnswer, .serverError, .overloaded, .unexpectedRefusal,
                .cancelled:
                true
            case .unreachable, .deadlineExceeded, .circuitOpen, .bulkheadFull, .rateLimited, .awaitingEarlier:
                false
            }
        }
    }

    /// What prevented the last try.
    public var reason: Reason
    /// Whether the dependency may have done what it was asked to, in this try or an earlier one. If so, the
    /// caller has to repeat the call, or have it undone.
    public var mayHaveBeenDone: Bool
    /// How long the dependency asked not to be called.
    public var retryAfter: Duration?
    /// What it answered, in a few words, where that tells more than the reason: `404 not-found`.
    public var detail: String?

    /// ``mayHaveBeenDone`` follows from the reason.
    public init(_ reason: Reason, retryAfter: Duration? = nil, detail: String? = nil) {
        self.reason = reason
        self.retryAfter = retryAfter
        self.detail = detail
        mayHaveBeenDone = reason.mayHaveBeenDone
    }

    /// ``Reason/unreachable``.
    public static let unreachable = Unavailability(.unreachable)
    /// ``Reason/timeout``.
    public static let timeout = Unavailability(.timeout)
    /// ``Reason/connectionLost``.
    public static let connectionLost = Unavailability(.connectionLost)
    /// ``Reason/invalidAnswer``.
    public static let invalidAnswer = Unavailability(.invalidAnswer)
    /// ``Reason/serverError``, without a time to come back.
    public static let serverError = Unavailability(.serverError)
    /// ``Reason/deadlineExceeded``.
    public static let deadlineExceeded = Unavailability(.deadlineExceeded)
    /// ``Reason/circuitOpen``, without a time to come back.
    public static let circuitOpen = Unavailability(.circuitOpen)
    /// ``Reason/cancelled``.
    public static let cancelled = Unavailability(.cancelled)

    /// As it is written in answers, logs and metrics: `circuit-open`.
    public var code: String { reason.rawValue }

    /// The reason, and what there is to say of it: `unexpected-refusal: 404 not-found`.
    public var words: String { detail.map { "\(code): \($0)" } ?? code }

    /// What it says about the dependency.
    public var disposition: Disposition {
        switch reason {
        case .unreachable, .timeout, .connectionLost, .invalidAnswer: .transient
        case .serverError, .overloaded: .busy(retryAfter: retryAfter)
        case .unexpectedRefusal: .refusal
        case .deadlineExceeded, .circuitOpen, .bulkheadFull, .rateLimited, .awaitingEarlier, .cancelled:
            .ignored
        }
    }

    /// The reason for a call that a policy of this side refused or ended.
    public init(rejection: Rejection) {
        switch rejection {
        case .deadlineExceeded: self = .deadlineExceeded
        case .timedOut: self = .timeout
        case .cutShort:
            self = .deadlineExceeded
            mayHaveBeenDone = true
        case .circuitOpen(let after): self.init(.circuitOpen, retryAfter: after)
        case .bulkheadFull, .limitReached: self.init(.bulkheadFull)
        case .rateLimited(let after): self.init(.rateLimited, retryAfter: after)
        case .throttled: self.init(.circuitOpen)
        case .cancelled: self = .cancelled
        case .injected(let kind):
            switch kind {
            case .latency, .blackHole: self = .timeout
            case .error: self = .serverError
            case .abort: self = .connectionLost
            case .garbage: self = .invalidAnswer
            }
        }
    }
}

/// Why a critical call has no success.
public enum DependencyFailure<Refusal: Sendable>: Error {
    /// The dependency refused, and would refuse again.
    case refused(Refusal)
    /// It couldn't be called, or its answer didn't come or was invalid.
    case unavailable(Unavailability)

    /// What the failure says about the dependency: a refusal says that it is healthy.
    public var disposition: Disposition {
        switch self {
        case .refused: .refusal
        case .unavailable(let unavailability): unavailability.disposition
        }
    }
}

extension DependencyFailure: Equatable where Refusal: Equatable {}
