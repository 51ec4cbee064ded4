import Synchronization

/// How a call to a dependency ended.
public enum CallOutcome: String, Sendable, Hashable, CaseIterable {
    /// It answered.
    case ok
    /// It refused: it is healthy.
    case refused
    /// It was called, and gave no valid answer.
    case unavailable
    /// It was not called: the breaker, the bulkhead or the deadline prevented it.
    case rejected
}

/// Counts the calls to a dependency by outcome since the process began.
final class CallTally: Sendable {
    private let ok = Atomic(0)
    private let refused = Atomic(0)
    private let unavailable = Atomic(0)
    private let rejected = Atomic(0)

    func count(_ outcome: CallOutcome) {
        switch outcome {
        case .ok: ok.wrappingAdd(1, ordering: .relaxed)
        case .refused: refused.wrappingAdd(1, ordering: .relaxed)
        case .unavailable: unavailable.wrappingAdd(1, ordering: .relaxed)
        case .rejected: rejected.wrappingAdd(1, ordering: .relaxed)
        }
    }

    var counts: [CallOutcome: Int] {
        [
            .ok: ok.load(ordering: .relaxed), .refused: refused.load(ordering: .relaxed),
            .unavailable: unavailable.load(ordering: .relaxed), .rejected: rejected.load(ordering: .relaxed),
        ]
    }
}
