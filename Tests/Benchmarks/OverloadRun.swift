import Load

/// The results of one stream of requests.
struct OverloadRun {
    let outcomes: [RawSender.Outcome]
    /// Length of the load in seconds.
    let elapsed: Double

    private static let bucket = 0.1

    private func isGood(_ outcome: RawSender.Outcome) -> Bool { (200..<300).contains(outcome.status) }

    private func served(from start: Double = 0) -> [RawSender.Outcome] {
        outcomes.filter { isGood($0) && $0.intended >= start }
    }

    func share(where condition: (RawSender.Outcome) -> Bool) -> Double {
        outcomes.isEmpty ? 0 : Double(outcomes.filter(condition).count) / Double(outcomes.count)
    }

    /// Useful answers a second, by the time of the answer.
    func goodput(from start: Double) -> Double {
        let count = outcomes.filter { isGood($0) && (start..<elapsed).contains($0.intended + $0.latency) }
            .count
        return Double(count) / (elapsed - start)
    }

    /// A latency percentile of the served, in milliseconds.
    func percentile(_ share: Double, from start: Double = 0) -> Double {
        let sorted = served(from: start).map(\.latency).sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1000
    }

    /// Seconds until the latency of the served stays below the limit (milliseconds), in tenths of a second; a
    /// tenth may have one slow answer in twenty.
    func settled(below limit: Double) -> Double {
        var settled = 0.0
        for index in 0..<Int(elapsed / Self.bucket) {
            let from = Double(index) * Self.bucket
            let answers = outcomes.filter { isGood($0) && (from..<from + Self.bucket).contains($0.intended) }
            let slow = answers.filter { $0.latency * 1000 > limit }.count
            if slow * 20 > answers.count { settled = from + Self.bucket }
        }
        return settled
    }

    var statuses: String {
        Dictionary(grouping: outcomes, by: \.status).mapValues(\.count).sorted { $0.key < $1.key }
            .map { "\($0.key == 0 ? "none" : "\($0.key)") \($0.value)" }.joined(separator: ", ")
    }
}
