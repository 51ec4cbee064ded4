/// What each kind of request takes while nobody queues: learned from those that are let in when little else is going on.
///
/// The mean over all requests says nothing where they differ: a flood of cheap ones makes it fall, and hides that the dear ones
/// have become slow; the first dear ones after it look like congestion. Held against what each was expected to take, they can
/// be added up.
struct HealthyLatencies: Sendable {
    /// One sample moves the mean by this share of the difference.
    private static let weight = 1.0 / 16
    /// One that hung says nothing.
    private static let outlier = 4.0

    /// In ticks, by kind; 0 where none was seen yet.
    private var ticks: [Double]

    init(kinds: Int) { ticks = Array(repeating: 0, count: kinds) }

    /// In ticks; nil where none was seen yet.
    subscript(kind: Int) -> Double? { ticks[kind] > 0 ? ticks[kind] : nil }

    mutating func learn(_ latency: Double, kind: Int) {
        let old = ticks[kind]
        ticks[kind] = old > 0 ? old + (min(latency, Self.outlier * old) - old) * Self.weight : max(1, latency)
    }
}
