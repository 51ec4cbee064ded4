import Contracts

/// The figures of an experiment, as text.
struct ExperimentFacts {
    let experiment: DrillExperiment

    var markup: String {
        let rows = facts.map {
            Markup.element("dt", [:], Markup.text($0.0)) + Markup.element("dd", [:], Markup.text($0.1))
        }
        return stretches + Markup.element("dl", [:], rows.joined())
    }

    /// Before, during, after.
    private var stretches: String {
        let named = [
            ("before", experiment.healthy), ("fault", experiment.broken),
            ("fault, 3 s on", experiment.isolated),
            ("after", experiment.recovering),
        ]
        return PageTable(
            caption: "Orders of \(experiment.name) by stretch",
            titles: [.words("")]
                + ["confirmed", "accepted", "refused", "failed", "p50 ms", "p99 ms", "max ms"].map {
                    .figure($0)
                },
            rows: named.filter { $0.1.outcomes.sent > 0 }.map { name, figures in
                let outcomes = figures.outcomes
                return [.words(name)]
                    + [outcomes.confirmed, outcomes.accepted, outcomes.refused, outcomes.failed].map {
                        .figure(PageText.count($0))
                    }
                    + [figures.latency?.p50, figures.latency?.p99, figures.latency?.max].map {
                        .figure(PageText.number($0))
                    }
            }
        ).markup
    }

    private var facts: [(String, String)] {
        var facts = [
            (
                "The fault bit",
                experiment.proof.isEmpty ? PageText.none : experiment.proof.joined(separator: "; ")
            ),
            ("Isolated in", PageText.seconds(experiment.isolateSeconds)),
            ("Recovered in", PageText.seconds(experiment.recoverSeconds)),
            ("Degraded", PageText.counts(experiment.degraded)),
            ("Made good", experiment.repairs),
        ]
        if experiment.reads.sent > 0 {
            let reads = experiment.reads
            facts.append(
                (
                    "Reads beside them",
                    "\(PageText.count(reads.sent)), of which \(PageText.count(reads.refused)) refused, "
                        + "\(PageText.count(reads.failed)) failed"
                ))
        }
        if !experiment.traffic.isEmpty {
            let words = experiment.traffic.map { one in
                """
                \(one.operation) \(PageText.number(one.broken.rounded(places: 1))) (before \
                \(PageText.number(one.healthy.rounded(places: 1))))
                """
            }
            facts.append(("Answered a second meanwhile", words.joined(separator: "; ")))
        }
        if let finishing = experiment.finishing {
            facts.append(
                (
                    "Orders finished a second",
                    """
                    \(PageText.number(finishing.finished.rounded(places: 1))) of \
                    \(PageText.number(finishing.arrived.rounded(places: 1))) that arrived in the last third \
                    of the fault; \(PageText.count(finishing.backlogAtEnd)) messages in the queue at its \
                    end, \(PageText.count(finishing.backlogAtBegin)) at its begin
                    """
                ))
        }
        facts.append(("Audit", audit))
        facts.append(("Answers", PageText.counts(experiment.broken.answers)))
        facts.append(
            (
                "What happened",
                experiment.events.map { "\(PageText.number($0.at)) s \($0.what)" }.joined(separator: "; ")
            ))
        return facts.filter { !$0.1.isEmpty }
    }

    private var audit: String {
        guard let audit = experiment.audit else { return "not taken" }
        let wrong = audit.findings.filter { !$0.ok }
        let drained =
            "\(PageText.count(audit.orders)) orders, drained in \(PageText.seconds(audit.drainedSeconds))"
        guard !wrong.isEmpty else { return "✓ all \(audit.findings.count) in order: \(drained)" }
        let words = wrong.map { "\($0.name): \($0.violations.joined(separator: ", "))" }
        return "✗ \(words.joined(separator: "; ")) (\(drained))"
    }
}
