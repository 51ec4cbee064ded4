/// Percentiles by the nearest-rank method: a value that was really measured, the smallest with at least p %
/// at or below it.
struct Percentiles {
    private let sorted: [Duration]

    init(_ values: [Duration]) { sorted = values.sorted() }

    /// - Parameter percent: above 0, at most 100.
    /// - Returns: nil when nothing was measured.
    func value(_ percent: Double) -> Duration? {
        guard !sorted.isEmpty else { return nil }
        let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
        return sorted[min(max(Int(rank), 1), sorted.count) - 1]
    }
}
