/// What a failed call says about the dependency, and whether another try may help.
public struct Disposition: Sendable, Hashable {
    /// The dependency's health, as far as one failure shows it.
    public enum Health: Sendable, Hashable {
        /// The dependency is healthy: it answered, if only with a refusal.
        case healthy
        /// The dependency is at fault.
        case faulty
        /// Nothing can be learned: the caller gave up, or the call was never made.
        case unknown
    }

    /// What a breaker counts it as.
    public var health: Health
    /// Whether another try may succeed.
    public var isRetryable: Bool
    /// How long the dependency asked not to be called (`Retry-After`).
    public var retryAfter: Duration?

    /// Any other combination. A negative `retryAfter` counts as zero.
    @inlinable
    public init(_ health: Health, isRetryable: Bool, retryAfter: Duration? = nil) {
        self.health = health
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    /// No answer, or a broken one: counts against the dependency, and may pass.
    @inlinable
    public static var transient: Disposition { Disposition(.faulty, isRetryable: true) }

    /// Counts against the dependency, and won't pass: an answer that breaks the contract.
    @inlinable
    public static var permanent: Disposition { Disposition(.faulty, isRetryable: false) }

    /// The dependency refused, and would refuse again: a 4xx.
    @inlinable
    public static var refusal: Disposition { Disposition(.healthy, isRetryable: false) }

    /// Says nothing: a cancellation.
    @inlinable
    public static var ignored: Disposition { Disposition(.unknown, isRetryable: false) }

    /// The dependency asks not to be called for a while: a 429 or 503 with `Retry-After`.
    public static func busy(retryAfter: Duration?) -> Disposition {
        Disposition(.faulty, isRetryable: true, retryAfter: retryAfter)
    }

    /// The disposition of an error without one: a ``CallFailure`` or ``Rejection``, of policies around a call
    /// that the operation makes itself, keeps its own; a `CancellationError` is ``ignored``, every other
    /// error ``transient``.
    public init(of error: any Error) {
        if let meaning = (error as? any Meaningful)?.disposition {
            self = meaning
        } else {
            self = error is CancellationError ? .ignored : .transient
        }
    }
}

/// An error that has a disposition of its own.
protocol Meaningful { var disposition: Disposition { get } }

extension CallFailure: Meaningful {}
extension Rejection: Meaningful {}
