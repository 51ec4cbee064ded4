import Contracts
import Transport

/// Compares what was observed with the contract's matrix.
struct Judge {
    let experiment: Experiment
    let seen: Observation

    private var targets: String { experiment.targets.joined(separator: "+") }
    private var healthyP99: Double { DrillExperiment.Latency(seen.healthy)?.p99 ?? 0 }
    private var bound: Double { Thresholds.steady(healthyP99) }
    /// The dependencies whose breakers have to close again.
    var breakers: [String] { experiment.dependencies.map(\.name) }
    private var isOrderKilled: Bool { experiment.disruption == .orderKilled }

    /// Nil if order itself is broken: there is nothing to isolate.
    var isolateSeconds: Double? { isOrderKilled ? nil : seen.isolateSeconds(within: bound) }
    var recoverSeconds: Double? { seen.recoverSeconds(of: breakers) }

    /// Reasons why the experiment is undecided.
    var obstacles: [String] {
        var found = seen.obstacles
        let odd = seen.healthy.filter { !$0.isNormal }
        if !odd.isEmpty {
            found.append(
                "before the fault \(Self.words(odd)) of \(seen.healthy.count) orders\(Self.reasons(odd))")
        }
        if found.isEmpty, seen.healthy.isEmpty || seen.broken.isEmpty { found.append("no orders were sent") }
        return found
    }

    /// The findings as text.
    var failures: [String] { findings.map(\.words) }

    /// Contradictions of the hypothesis.
    var findings: [Finding] {
        if let fault = experiment.partial { return findings(of: fault) }
        let customers: [Finding] =
            isOrderKilled ? unended : outcomes + .certain(honesty) + .doubtful(latency + isolation)
        return customers + .doubtful(recovery + reads) + books + .certain(seen.unprotected) + seen.incidents
    }

    private var outcomes: [Finding] {
        let affected = seen.broken + seen.recovering
        let accepted = affected.filter { $0.outcome == .accepted }
        guard !accepted.isEmpty, experiment.dependencies.allSatisfy({ $0.role == .optional }) else {
            return refused
        }
        let words = "only \(targets) was broken, yet \(Self.words(accepted)) of \(affected.count) orders"
        return refused + .doubtful([words])
    }

    /// Orders with an answer outside the contract, that were turned away, or that never ended.
    var refused: [Finding] {
        let affected = seen.broken + seen.recovering
        var found: [Finding] = []
        let failed = affected.filter { $0.outcome == .failed }
        if !failed.isEmpty {
            let words = "\(Self.words(failed)) of \(affected.count) orders"
            found.append(
                Finding(
                    words: words, isDoubtful: failed.allSatisfy { $0.answer == HTTPClientError.timeout.words }
                ))
        }
        let turnedAway = affected.filter { $0.outcome == .turnedAway }
        if !turnedAway.isEmpty {
            let words = "orders were turned away: \(Self.words(turnedAway)) of \(affected.count)"
            let isForLackOfTime = turnedAway.allSatisfy {
                ["503 overloaded", "503 deadline-exceeded"].contains($0.answer)
            }
            found.append(Finding(words: words, isDoubtful: isForLackOfTime))
        }
        return found + unended
    }

    private var unended: [Finding] { .certain(seen.unended.map { "no end: \($0)" }) }

    /// Every order that went without a dependency has to say so. Not checked for partial outages and for
    /// dependencies off the path.
    private var honesty: [String] {
        guard case .broken(let dependencies, let kind) = experiment.disruption, kind.isTotal else {
            return []
        }
        return dependencies.filter { !$0.isOffThePath }.compactMap { dependency in
            let silent = seen.rounds.flatMap { round in
                seen.samples.sent(in: round.fault).filter { sample in
                    let asked =
                        dependency.role == .critical
                        ? !sample.stopped(before: dependency.name) : sample.hasCoupon
                    let taken = sample.outcome == .confirmed || sample.outcome == .accepted
                    return asked && taken && round.hasMet(sample)
                        && !sample.degradations.contains { $0.dependency == dependency.name }
                }
            }
            guard !silent.isEmpty else { return nil }
            return "\(dependency.name) gave nothing, yet \(Self.words(silent)) without saying so"
        }
    }

    private var latency: [String] {
        // Half-open probes during the fault are among these orders.
        answeredInTime + asFast(seen.isolated, "from 3 s after the fault") + unhurried
    }

    /// No customer waits longer than the deadline of an order.
    var answeredInTime: [String] {
        let why = "the deadline and 50 ms"
        return slow("during the fault", seen.broken, Thresholds.answered, why)
            // The backlog is worked off now, on the same machine: latency may rise, within the deadline.
            + slow("during the recovery", seen.recovering, Thresholds.answered, why)
    }

    /// These orders are answered as before the fault.
    func asFast(_ samples: [Sample], _ what: String) -> [String] {
        slow(what, samples, bound, "\(Self.milliseconds(bound)) (healthy: \(Self.milliseconds(healthyP99)))")
    }

    private func slow(_ what: String, _ samples: [Sample], _ bound: Double, _ why: String) -> [String] {
        guard let p99 = DrillExperiment.Latency(samples)?.p99, p99 > bound else { return [] }
        return ["p99 \(what) was \(Self.milliseconds(p99)) of \(samples.count) orders, more than \(why)"]
    }

    /// For dependencies off the path: compares the stretches of the median round.
    private var unhurried: [String] {
        guard !experiment.dependencies.isEmpty, experiment.dependencies.allSatisfy(\.isOffThePath) else {
            return []
        }
        let pairs = seen.rounds.compactMap { round in
            DrillExperiment.Latency(seen.healthy(round)).flatMap { healthy in
                DrillExperiment.Latency(seen.samples.sent(in: round.fault)).map {
                    (healthy: healthy, broken: $0)
                }
            }
        }
        var found: [String] = []
        let ratios = pairs.map { $0.broken.p50 / max($0.healthy.p50, 0.1) }.sorted()
        if let ratio = ratios.median, ratio > Thresholds.offThePathRatio {
            found.append(
                """
                p50 was \(ratio.rounded(places: 2)) times the healthy one, more than \
                \(Thresholds.offThePathRatio) times (rounds: \
                \(ratios.map { "\($0.rounded(places: 2))" }.joined(separator: ", ")))
                """)
        }
        let excess = pairs.map { $0.broken.p99 - Thresholds.offThePath($0.healthy.p99) }.sorted()
        if let median = excess.median, median > 0 {
            found.append("p99 was \(Self.milliseconds(median)) above max(1.5 ×, + 10 ms) of the healthy one")
        }
        return found
    }

    var isolation: [String] {
        guard let seconds = isolateSeconds else {
            return ["customers felt the fault for as long as it lasted"]
        }
        guard seconds > Thresholds.isolation else { return [] }
        return [
            """
            it took \(seconds) s to isolate \(targets), more than \
            \(Thresholds.isolation.formattedWithoutZeros) s
            """
        ]
    }

    var recovery: [String] {
        guard let seconds = recoverSeconds else { return ["not normal again when the load ended"] }
        guard seconds > Thresholds.recovery else { return [] }
        return [
            """
            it took \(seconds.rounded(places: 1)) s to be normal again, more than \
            \(Thresholds.recovery.formattedWithoutZeros) s
            """
        ]
    }

    var reads: [String] {
        // While order itself is dead all reads fail.
        guard !isOrderKilled, seen.reads.failed > 0 else { return [] }
        return ["\(seen.reads.failed) of \(seen.reads.sent) quotes and reads failed"]
    }

    var books: [Finding] {
        guard let audit = seen.audit else { return [] }
        return audit.findings.filter { !$0.ok }.map { finding in
            let words =
                "audit: \(finding.name): \(finding.violations.first ?? "")"
                + (finding.violations.count > 1 ? " and \(finding.violations.count - 1) more" : "")
            return Finding(words: words, isDoubtful: finding.name == DrillAudit.drained)
        }
    }

    /// `: coupon-skipped (circuit-open), price-cached (timeout)`; empty without degradations.
    static func reasons(_ samples: [Sample]) -> String {
        let effects = Set(samples.flatMap(\.degradations).map { "\($0.effect.rawValue) (\($0.reason))" })
            .sorted()
        return effects.isEmpty ? "" : ": \(effects.joined(separator: ", "))"
    }

    /// `3 × 202 accepted, 1 × no answer in time`
    static func words(_ samples: [Sample]) -> String {
        let counts = Dictionary(samples.map { ($0.answer, 1) }, uniquingKeysWith: +)
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) × \($0.key)" }
            .joined(separator: ", ")
    }

    private static func milliseconds(_ value: Double) -> String { "\(value.rounded(places: 1)) ms" }
}

extension [Double] {
    /// The middle of sorted values, the lower one of two.
    fileprivate var median: Double? { isEmpty ? nil : self[(count - 1) / 2] }
}

extension Sample {
    /// An order that was accepted without inventory names inventory and didn't reach payment.
    fileprivate func stopped(before dependency: String) -> Bool {
        outcome == .accepted
            && degradations.contains { $0.dependency != dependency && $0.effect == .stockUnverified }
    }
}
