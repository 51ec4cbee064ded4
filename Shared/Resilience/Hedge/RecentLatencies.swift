/// The last 256 latencies, in the order in which they came and sorted as well, so that a percentile is a
/// look-up.
///
/// Exact and of fixed size. An estimator without memory, such as P² (Jain and Chlamtac, 1985), is smaller,
/// but the longer it has run, the later it notices a change; this one forgets after 256 calls.
struct RecentLatencies: Sendable {
    static let capacity = 256

    private var ring: [Duration] = []
    private var sorted: [Duration] = []
    private var oldest = 0

    init() {
        ring.reserveCapacity(Self.capacity)
        sorted.reserveCapacity(Self.capacity)
    }

    var count: Int { ring.count }

    mutating func record(_ latency: Duration) {
        if ring.count < Self.capacity {
            ring.append(latency)
        } else {
            sorted.remove(at: position(of: ring[oldest]))
            ring[oldest] = latency
            oldest = (oldest + 1) % Self.capacity
        }
        sorted.insert(latency, at: position(of: latency))
    }

    /// The smallest latency that at least `share` of the calls didn't exceed (nearest rank); nil when there
    /// were none.
    func percentile(_ share: Double) -> Duration? {
        if sorted.isEmpty { return nil }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    /// The first index of the sorted latencies that is not below `latency`.
    private func position(of latency: Duration) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < latency { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
