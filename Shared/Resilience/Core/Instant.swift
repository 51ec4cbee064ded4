/// A point in time, as the duration since one point that the whole process shares: used on the fast path.
///
/// `ContinuousClock.Instant` is a type whose layout only the runtime library knows: each copy of one, or of
/// anything that contains one, is a call through its metadata, and an asynchronous function has to allocate
/// it at run time. Nested in a ``CallContext`` that cost more than all policies together. A `Duration` is two
/// words of known layout.
@usableFromInline
struct Instant: Sendable, Hashable, Comparable {
    @usableFromInline let sinceOrigin: Duration

    private static let origin = ContinuousClock.now

    @inlinable
    init(sinceOrigin: Duration) { self.sinceOrigin = sinceOrigin }

    @usableFromInline
    init(_ instant: ContinuousClock.Instant) { sinceOrigin = Self.origin.duration(to: instant) }

    @usableFromInline var instant: ContinuousClock.Instant { Self.origin.advanced(by: sinceOrigin) }

    @inlinable
    func advanced(by duration: Duration) -> Instant { Instant(sinceOrigin: sinceOrigin + duration) }

    @inlinable
    func duration(to other: Instant) -> Duration { other.sinceOrigin - sinceOrigin }

    @inlinable
    static func < (left: Instant, right: Instant) -> Bool { left.sinceOrigin < right.sinceOrigin }
}
