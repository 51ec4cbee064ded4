public import Resilience

/// How much a request matters when not all can be served: the four classes of the SRE book ("Handling
/// Overload").
public enum Criticality: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Relays, refreshes and prefetch: may be delayed by minutes, unnoticed.
    case sheddable
    /// Browsing and quotes: partial unavailability is expected.
    case sheddablePlus = "sheddable-plus"
    /// Reading one's order: a customer notices its loss.
    case critical
    /// Ordering: what the shop is for.
    case criticalPlus = "critical-plus"

    var rank: Int {
        switch self {
        case .sheddable: 0
        case .sheddablePlus: 1
        case .critical: 2
        case .criticalPlus: 3
        }
    }

    /// The same for a `Bulkhead`, which knows only ranks: 0 for `sheddable` to 3 for `critical-plus`.
    public var priority: Priority { Priority(rank: rank) }

    /// The class of a rank, the nearest where there is none.
    public init(_ priority: Priority) {
        switch priority.rank {
        case ...0: self = .sheddable
        case 1: self = .sheddablePlus
        case 2: self = .critical
        default: self = .criticalPlus
        }
    }

    public static func < (left: Criticality, right: Criticality) -> Bool { left.rank < right.rank }
}
