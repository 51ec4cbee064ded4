import Contracts

/// Compares one step of overload with the capacity that the cost of refusals leaves.
struct OverloadJudge {
    /// The load as a multiple of the capacity.
    let factor: Double
    /// Orders a second.
    let capacity: Double
    let refusalCost: Double
    /// At 0.7 of the capacity, in milliseconds.
    let usualP99: Double
    let orders: [Sample]
    let quotes: [Sample]
    let span: DrillExperiment.Span
    /// When what was sent after the step ended.
    let end: Double

    private var inStep: [Sample] { orders.sent(in: [span]) }
    private var seconds: Double { span.end - span.begin }

    /// Orders a second that can be served: each refusal takes `refusalCost` of an order's work. If more was
    /// served than the measured capacity, that counts as the capacity: other processes slowed its
    /// measurement.
    var bound: Double {
        guard refusalCost < 1 else { return 0 }
        return max(0, max(capacity, goodput) * min(1, (1 - factor * refusalCost) / (1 - refusalCost)))
    }

    var goodput: Double { Self.good(inStep, over: seconds) }
    var admitted: DrillExperiment.Latency? { DrillExperiment.Latency(inStep.filter(\.isTaken)) }

    /// Seconds from the step's begin until goodput and the p99 of admitted orders stayed within their
    /// thresholds.
    var settledSeconds: Double? {
        Self.first(orders, in: span) { samples, seconds in
            let p99 = DrillExperiment.Latency(samples.filter(\.isTaken))?.p99 ?? .infinity
            return Self.good(samples, over: seconds) >= Thresholds.goodput * bound
                && p99 <= Thresholds.admitted(usualP99)
        }
    }

    /// Seconds from the step's end until no order was turned away and the p99 was within its bound.
    var recoveredSeconds: Double? {
        Self.first(orders, in: .init(begin: span.end, end: end)) { samples, _ in
            let p99 = DrillExperiment.Latency(samples)?.p99 ?? .infinity
            return samples.allSatisfy(\.isTaken) && p99 <= Thresholds.admitted(usualP99)
        }
    }

    /// Seconds from the begin of `span` until every order was confirmed and the p99 within its bound, to the
    /// end of it.
    static func normal(_ orders: [Sample], in span: DrillExperiment.Span, within p99: Double) -> Double? {
        first(orders, in: span) { samples, _ in
            samples.allSatisfy { $0.outcome == .confirmed }
                && DrillExperiment.Latency(samples).map { $0.p99 <= p99 } ?? false
        }
    }

    /// Orders that were refused as sold out: the step doesn't measure the stack then.
    var soldOut: Int { inStep.count { $0.outcome == .refused } }

    var findings: [Finding] {
        let sent = inStep + quotes.sent(in: [span])
        let failed = sent.filter { $0.outcome == .failed }
        var found: [Finding] = []
        if !failed.isEmpty {
            found.append(
                Finding(
                    words: "\(failed.count) of \(sent.count) requests failed: \(Judge.words(failed))",
                    isDoubtful: failed.allSatisfy { $0.answer == Sample.noAnswer }))
        }
        return found + .doubtful(served + times)
    }

    private var served: [String] {
        var found: [String] = []
        if goodput < Thresholds.goodput * bound {
            let share = Int(Thresholds.goodput * 100)
            found.append(
                """
                \(goodput.rounded(places: 1)) orders/s were served, less than \(share) % of the \
                \(bound.rounded(places: 1)) that refusals leave of a capacity of \
                \(capacity.rounded(places: 1))
                """)
        }
        if share(quotes) > share(orders) {
            found.append(
                """
                \(percent(share(quotes))) of the quotes were served and \(percent(share(orders))) of the \
                orders: lower criticalities have to be shed first
                """)
        }
        return found
    }

    private var times: [String] {
        var found: [String] = []
        if let p99 = admitted?.p99, p99 > Thresholds.admitted(usualP99) {
            found.append(
                """
                p99 of the \(inStep.count(where: \.isTaken)) admitted orders was \(p99) ms, more than 3 × \
                the \(usualP99) ms at 0.7 of the capacity
                """)
        }
        if settledSeconds.map({ $0 > Thresholds.settling }) ?? true {
            found.append(
                "not settled \(settledSeconds.map { "before \($0) s" } ?? "for as long as it lasted"), "
                    + "more than \(Thresholds.settling) s")
        }
        if recoveredSeconds.map({ $0 > Thresholds.afterOverload }) ?? true {
            found.append(
                "normal again after \(recoveredSeconds.map { "\($0) s" } ?? "the load had ended"), "
                    + "more than \(Thresholds.afterOverload.formattedWithoutZeros) s")
        }
        return found
    }

    /// The share of the step's requests that was served.
    private func share(_ samples: [Sample]) -> Double {
        let sent = samples.sent(in: [span])
        return Double(sent.count(where: \.isTaken)) / Double(max(1, sent.count))
    }

    private func percent(_ share: Double) -> String { "\((share * 100).rounded(places: 1)) %" }

    private static func good(_ samples: [Sample], over seconds: Double) -> Double {
        Double(samples.count { $0.isTaken && $0.latency <= Thresholds.answered }) / max(seconds, 0.001)
    }

    /// The tenth of a second from which the condition holds to the end of the span. The last second has too
    /// few orders to tell.
    private static func first(
        _ orders: [Sample], in span: DrillExperiment.Span, where isSo: ([Sample], Double) -> Bool
    ) -> Double? {
        let last = Int(((span.end - span.begin - 1) * 10).rounded(.down))
        guard last >= 0 else { return nil }
        let tenth = (0...last).first { tenth in
            let from = span.begin + Double(tenth) / 10
            return isSo(orders.sent(in: [.init(begin: from, end: span.end)]), span.end - from)
        }
        return tenth.map { Double($0) / 10 }
    }
}

extension Sample {
    /// The answer of a sample that got none in time.
    static let noAnswer = "none"

    /// 201 or 202.
    var isTaken: Bool { outcome == .confirmed || outcome == .accepted }
}
