/// What the path says of one dependency, once: the client, `GET /csp`, the metrics and the drill all follow
/// from it.
public struct Declaration: Sendable, Hashable {
    /// As it is called in answers, metrics and settings: `coupon`.
    public var name: String
    /// How much a purchase needs it.
    public var criticality: Criticality
    /// What happens instead when it can't be had, in words.
    public var fallback: String
    /// What the customer notices of that, in words.
    public var effect: String
    /// The numbers of its policies, at the beginning; ``CriticalPath/reconfigure(_:_:)`` replaces them later.
    public var protection: Protection

    /// Checked when a path is given it: no text may be empty, no name taken, and the numbers have to be in
    /// range.
    public init(
        name: String, criticality: Criticality, fallback: String, effect: String, protection: Protection
    ) {
        self.name = name
        self.criticality = criticality
        self.fallback = fallback
        self.effect = effect
        self.protection = protection
    }
}
