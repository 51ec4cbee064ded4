/// All experiments of a run, a row each.
struct ExperimentTable {
    let run: DrillRun
    let isCompared: Bool

    var markup: String {
        run.groups.map { group in
            let title =
                (group.title.map { "Experiments: \($0)" } ?? "Experiments")
                + (isCompared ? ", \(PageText.mode(run.mode))" : "")
            return Markup.element(
                "section", [:], Markup.element("h2", [:], Markup.text(title)),
                PageTable(
                    caption: "Orders and latencies while the fault was there; healthy: p99 before it",
                    titles: titles,
                    rows: group.experiments.map(row)
                ).markup)
        }.joined(separator: "\n")
    }

    private var titles: [PageTable.Cell] {
        [.words("experiment"), .words("outcome")]
            + [
                "confirmed", "accepted", "refused", "failed", "p50 ms", "p99 ms", "healthy ms", "isolated s",
                "recovered s",
            ]
            .map { .figure($0) } + [.words("degraded"), .figure("repaired")]
    }

    private func row(_ one: DrillExperiment) -> [PageTable.Cell] {
        let outcomes = one.broken.outcomes
        let counts = [outcomes.confirmed, outcomes.accepted, outcomes.refused, outcomes.failed]
        let figures = [
            one.broken.latency?.p50, one.broken.latency?.p99, one.healthy.latency?.p99, one.isolateSeconds,
            one.recoverSeconds,
        ]
        return [
            .markup(Markup.element("a", ["href": "#\(one.name)"], Markup.text(one.name))),
            .outcome(one.outcome),
        ] + counts.map { .figure(PageText.count($0)) } + figures.map { .figure(PageText.number($0)) } + [
            .list(PageText.list(one.degraded)), .figure(one.repairs),
        ]
    }
}

extension DrillExperiment {
    /// `12 of 12`
    var repairs: String {
        repaired.due == 0
            ? PageText.none : "\(PageText.count(repaired.done)) of \(PageText.count(repaired.due))"
    }
}
