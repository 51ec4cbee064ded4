extension Observation {
    /// Seconds from the fault's begin until the p99 of all later orders in it is within `bound`; the longest
    /// of several rounds. Nil if it never was.
    func isolateSeconds(within bound: Double) -> Double? {
        var longest = 0.0
        for round in rounds {
            guard
                let seconds = Self.isolateSeconds(
                    samples.sent(in: round.fault), from: round.fault, within: bound)
            else {
                return nil
            }
            longest = max(longest, seconds)
        }
        return longest
    }

    private static func isolateSeconds(
        _ samples: [Sample], from span: DrillExperiment.Span, within bound: Double
    ) -> Double? {
        // In tenths of a second; the orders of the last second are too few for a p99.
        let last = Int(((span.end - span.begin - 1) * 10).rounded(.down))
        guard last >= 0 else { return nil }
        let tenth = (0...last).first { tenth in
            let later = samples.filter { $0.at >= span.begin + Double(tenth) / 10 }
            guard let p99 = DrillExperiment.Latency(later)?.p99 else { return false }
            return p99 <= bound
        }
        return tenth.map { Double($0) / 10 }
    }

    /// Seconds from the service being back until all was normal; the longest of several rounds. Nil if it
    /// never was.
    func recoverSeconds(of targets: [String]) -> Double? {
        var longest = 0.0
        for (index, round) in rounds.enumerated() {
            guard let normal = normal(index, targets) else { return nil }
            longest = max(longest, normal - round.back)
        }
        return longest
    }

    /// The time in a round from which every order had a healthy outcome and the targets' breakers were
    /// closed; not before the service was back. Nil if there is none.
    func normal(_ index: Int, _ targets: [String]) -> Double? {
        let round = rounds[index]
        let limit = index + 1 < rounds.count ? rounds[index + 1].fault.begin : .infinity
        let later = samples.sent(in: .init(begin: round.fault.end, end: round.end)).sorted { $0.at < $1.at }
        var normal = round.back
        if let last = later.lastIndex(where: { !$0.isNormal }) {
            guard last + 1 < later.count else { return nil }
            normal = max(normal, later[last + 1].at)
        }
        for target in targets {
            guard let closed = closed(target, from: round.fault.end, to: limit) else { return nil }
            normal = max(normal, closed)
        }
        return normal
    }

    /// When the breaker last became closed in this time: `begin` if it was closed throughout, nil if it isn't
    /// closed at the end.
    private func closed(_ dependency: String, from begin: Double, to end: Double) -> Double? {
        let own = breakers.filter { $0.dependency == dependency && $0.at < end }
        guard let last = own.last else { return begin }
        guard last.state == "closed" else { return nil }
        return max(begin, last.at)
    }
}
