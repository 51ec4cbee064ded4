/// What each kind of request takes while nobody queues: learned from those that are let in when little else is going on.
///
/// The mean over all requests says nothing where they differ: a flood of cheap ones makes it fall, and hides that the dear ones
/// have become slow; the first dear ones after it look like congestion. Held against what each was expected to take, they can
/// be added up.
struct HealthyLatencies: Sendable {
    /// One sample moves the mean by this share of the difference; the first ones by more.
    private static let weight = 1.0 / 16
    /// One that hung says nothing.
    private static let outlier = 4.0

    private struct Kind {
        var ticks: Double
        let highest: Double
        var samples = 0.0
    }

    private var kinds: [Kind]

    /// - Parameter highest: by kind, what is never believed to be healthy, however slow a beginning was. A fifth of it is assumed
    ///   until something is known.
    init(highest: [Duration]) {
        kinds = highest.map { Kind(ticks: LimitSearch.ticks($0 / 5), highest: LimitSearch.ticks($0)) }
    }

    /// In ticks, by kind.
    subscript(kind: Int) -> Double { kinds[kind].ticks }

    mutating func learn(_ latency: Double, kind index: Int) {
        var kind = kinds[index]
        kind.samples = min(kind.samples + 1, 1 / Self.weight)
        kind.ticks += (min(latency, Self.outlier * kind.ticks) - kind.ticks) / kind.samples
        kind.ticks = max(1, min(kind.ticks, kind.highest))
        kinds[index] = kind
    }
}
