public import Resilience

/// On whose behalf a dependency is called: who waits decides how long, and what is tried meanwhile.
public enum Caller: Sendable, Hashable {
    /// A customer waits, until the deadline; the call matters as much as the request that it serves.
    case customer(until: Deadline, Criticality)
    /// Nobody waits: a message of the queue, which comes again by itself. One try with the time that the
    /// queue gives it, as `sheddable` as anything.
    case queue

    /// How much the call matters, at this side's bulkhead and at the other end.
    public var criticality: Criticality {
        switch self {
        case .customer(_, let criticality): criticality
        case .queue: .sheddable
        }
    }
}
