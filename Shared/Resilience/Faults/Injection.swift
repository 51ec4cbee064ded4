import Synchronization

/// One fault as it bites one call.
public struct FaultBite: Sendable, Hashable {
    /// What it does.
    public let kind: FaultKind
    /// How long to hold the call up first, the jitter included.
    public let delay: Duration
    /// ``Fault/status``.
    public let status: Int?
    /// In `0 ..< 1`, from the fault's own seed: for a choice in carrying it out, such as which garbage to
    /// answer.
    public let draw: Double

    /// Whether no other can follow it: true of all kinds but the latency.
    public var isFinal: Bool { kind != .latency }
}

/// What ``Faults`` decided for one call: the bites to carry out, in order. Only the last one can be final.
///
/// Call ``end()`` when the call is over: until then it counts for ``Fault/atMost``.
public final class Injection: Sendable {
    /// To be carried out before the work. If the last one is final the work is not done.
    public let before: [FaultBite]
    /// To be carried out when the work is done.
    public let after: [FaultBite]
    private let onEnd: @Sendable () -> Void
    private let hasEnded = Atomic(false)

    init(before: [FaultBite], after: [FaultBite], onEnd: @escaping @Sendable () -> Void) {
        self.before = before
        self.after = after
        self.onEnd = onEnd
    }

    // One that is never ended ends when it is dropped, if later.
    deinit { end() }

    /// The call is over. Later calls do nothing.
    public func end() {
        if !hasEnded.exchange(true, ordering: .relaxed) { onEnd() }
    }
}
