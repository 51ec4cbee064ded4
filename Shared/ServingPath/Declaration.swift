/// What the path declares of one dependency: the client, `GET /csp`, the metrics and the drill follow from
/// it.
public struct Declaration: Sendable, Hashable {
    /// Its name in answers, metrics and settings: `coupon`.
    public var name: String
    /// How much a purchase needs it.
    public var criticality: Criticality
    /// What happens instead when it is unavailable, in words.
    public var fallback: String
    /// What the customer notices of that, in words.
    public var effect: String
    /// The same in other languages, by their tags (BCP 47): `["ko": "…"]`.
    public var effectTranslations: [String: String]
    /// The numbers of its policies at the start; ``CriticalPath/reconfigure(_:_:)`` replaces them later.
    public var protection: Protection

    /// Checked when it is declared on a path: no text may be empty, no name taken, and the numbers have to be
    /// in range.
    public init(
        name: String, criticality: Criticality, fallback: String, effect: String,
        effectTranslations: [String: String] = [:], protection: Protection
    ) {
        self.name = name
        self.criticality = criticality
        self.fallback = fallback
        self.effect = effect
        self.effectTranslations = effectTranslations
        self.protection = protection
    }
}
