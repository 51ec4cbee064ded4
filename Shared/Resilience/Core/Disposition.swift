/// What a failed call says about the dependency, and whether another try may help.
public struct Disposition: Sendable, Hashable {
    /// How the dependency is, as far as one failure tells.
    public enum Health: Sendable, Hashable {
        /// The dependency is well: it answered, if only with a refusal.
        case healthy
        /// The dependency is at fault.
        case faulty
        /// Nothing can be learned: the caller gave up, or the call was never made.
        case unknown
    }

    /// What a breaker counts it as.
    public var health: Health
    /// Whether another try may end otherwise.
    public var isRetryable: Bool
    /// How long the dependency asked to be left alone (`Retry-After`).
    public var retryAfter: Duration?

    /// A meaning of one's own, where none of those with a name fits. A negative `retryAfter` counts as zero.
    @inlinable
    public init(_ health: Health, isRetryable: Bool, retryAfter: Duration? = nil) {
        self.health = health
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    /// No answer, or a broken one: counts against the dependency, and may pass.
    @inlinable
    public static var transient: Disposition { Disposition(.faulty, isRetryable: true) }

    /// Counts against the dependency, and won't pass: an answer that is not the contract's.
    @inlinable
    public static var permanent: Disposition { Disposition(.faulty, isRetryable: false) }

    /// The dependency said no, and will say so again: a 4xx.
    @inlinable
    public static var refusal: Disposition { Disposition(.healthy, isRetryable: false) }

    /// Says nothing: a cancellation.
    @inlinable
    public static var ignored: Disposition { Disposition(.unknown, isRetryable: false) }

    /// The dependency asks to be left alone for a while: a 429 or 503 with `Retry-After`.
    public static func busy(retryAfter: Duration?) -> Disposition {
        Disposition(.faulty, isRetryable: true, retryAfter: retryAfter)
    }

    /// Where nothing else is known: a ``CallFailure`` or ``Rejection``, of policies around a call that the
    /// operation makes itself, says what it said there; a `CancellationError` is ``ignored``, every other
    /// error ``transient``.
    public init(of error: any Error) {
        if let meaning = (error as? any Meaningful)?.disposition {
            self = meaning
        } else {
            self = error is CancellationError ? .ignored : .transient
        }
    }
}

/// An error that says itself what it says about the dependency.
protocol Meaningful { var disposition: Disposition { get } }

extension CallFailure: Meaningful {}
extension Rejection: Meaningful {}
