/// The buckets of a Prometheus histogram.
package struct Buckets: Sendable, Equatable {
    /// Counts at or below inclusive upper bounds, ascending; the last bound is infinite.
    private var steps: [(bound: Double, count: Double)]

    package init(cumulative: [Double: Double]) {
        steps = cumulative.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    package var count: Double { steps.last?.count ?? 0 }

    /// The difference to `earlier`; everything, if the process was restarted meanwhile.
    package func since(_ earlier: Buckets) -> Buckets {
        guard earlier.count <= count else { return self }
        let before = Dictionary(uniqueKeysWithValues: earlier.steps.map { ($0.bound, $0.count) })
        return Buckets(
            cumulative: Dictionary(
                uniqueKeysWithValues: steps.map { ($0.bound, $0.count - (before[$0.bound] ?? 0)) }))
    }

    /// The value at or below which that share lies, as Prometheus' `histogram_quantile` has it: even within a
    /// bucket, and the highest finite bound for what exceeds it.
    ///
    /// - Parameter share: 0 to 1.
    /// - Returns: nil when nothing was counted.
    package func quantile(_ share: Double) -> Double? {
        guard count > 0, let index = steps.firstIndex(where: { $0.count >= share * count && $0.count > 0 })
        else { return nil }
        let below: (bound: Double, count: Double) = index > 0 ? steps[index - 1] : (0, 0)
        guard steps[index].bound.isFinite else { return below.bound }
        let part = (share * count - below.count) / (steps[index].count - below.count)
        return below.bound + (steps[index].bound - below.bound) * max(0, part)
    }

    package static func == (left: Buckets, right: Buckets) -> Bool {
        left.steps.elementsEqual(right.steps) { $0 == $1 }
    }
}
