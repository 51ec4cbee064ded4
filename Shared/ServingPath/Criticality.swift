/// How much a request matters when not all can be served: the four classes of the SRE book ("Handling Overload").
public enum Criticality: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Relays, refreshes and prefetch: may wait for minutes, unseen.
    case sheddable
    /// Browsing and quotes: partial unavailability is expected.
    case sheddablePlus = "sheddable-plus"
    /// Reading one's order: its loss is seen by a customer.
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

    public static func < (left: Criticality, right: Criticality) -> Bool { left.rank < right.rank }
}
