public import Resilience

/// On whose behalf a dependency is called: this decides how long the call may take, and what is tried
/// meanwhile.
public enum Caller: Sendable, Hashable {
    /// A customer waits, until the deadline; the call matters as much as the request that it serves.
    case customer(until: Deadline, Criticality)
    /// A message of the queue, which is repeated: no customer waits. One try within the queue's own timeout,
    /// at criticality `sheddable`.
    case queue

    /// The call's criticality, at this side's bulkhead and at the other end.
    public var criticality: Criticality {
        switch self {
        case .customer(_, let criticality): criticality
        case .queue: .sheddable
        }
    }
}
