import Contracts

/// `report.html`: the whole drill on one self-contained page, without scripts.
struct DrillReportPage {
    let report: DrillReport

    static func html(_ report: DrillReport) -> String { DrillReportPage(report: report).html }

    private var html: String {
        let sections =
            [heading] + report.runs.map { MatrixSection(run: $0, isCompared: isComparison).markup }
            + report.runs.map { ExperimentTable(run: $0, isCompared: isComparison).markup }
            + report.runs.compactMap { run in
                run.overload.map { OverloadSection(report: $0, mode: mode(run)).markup }
            }
            + [experiments, reading]
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(Markup.text("csp drill: \(outcome)"))</title>
            <style>
            \(PageStyle.colours)
            \(PageStyle.charts)
            \(PageStyle.page)
            </style>
            </head>
            <body>
            \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
            </body>
            </html>

            """
    }

    private var isComparison: Bool { report.runs.count > 1 }

    private func mode(_ run: DrillRun) -> DrillRun.Mode? { isComparison ? run.mode : nil }

    // MARK: Heading

    private var outcome: String {
        let outcomes = report.runs.filter { $0.mode == .protected }.flatMap(\.outcomes)
        let failed = outcomes.filter { $0.outcome == .failed }.map(\.name)
        let undecided = outcomes.filter { $0.outcome == .undecided }.map(\.name)
        let total = "of \(outcomes.count) hypotheses"
        if !failed.isEmpty { return "✗ \(failed.count) \(total) failed: \(failed.joined(separator: ", "))" }
        if !undecided.isEmpty {
            return
                "? \(undecided.count) \(total) undecided, none failed: \(undecided.joined(separator: ", "))"
        }
        return outcomes.count == 1 ? "✓ The hypothesis held" : "✓ All \(outcomes.count) hypotheses held"
    }

    private var heading: String {
        let facts = [
            "\(report.extent.rawValue) drill", "seed \(report.seed)", started,
            "took \(PageText.seconds(report.durationSeconds))", report.machine,
        ]
        return Markup.element(
            "header", [:],
            Markup.element("p", ["class": "kicker"], "csp drill"),
            Markup.element(
                "h1", ["class": report.ok ? report.undecided.isEmpty ? "held" : "undecided" : "failed"],
                Markup.text(outcome)),
            Markup.element("p", ["class": "facts"], Markup.text(facts.joined(separator: " · "))), comparison)
    }

    /// `2026-01-05 12:03 UTC`
    private var started: String {
        let time = report.startedAt.description
        return "\(time.prefix(10)) \(time.dropFirst(11).prefix(5)) UTC"
    }

    /// One sentence on the purpose of the unprotected run.
    private var comparison: String {
        guard let naive = report.runs.first(where: { $0.mode == .naive }), isComparison else { return "" }
        let failed = naive.outcomes.count { $0.outcome == .failed }
        return Markup.element(
            "p", [:],
            Markup.text(
                """
                The same faults were also put to a stack with its protections off (no breaker, bulkhead, \
                fallback or shedder, timeouts of 30 s): there \(failed) of \(naive.outcomes.count) failed. \
                That run doesn't count; it shows what the protections are for.
                """))
    }

    // MARK: Experiments

    private var experiments: String {
        let names = report.runs.flatMap(\.experiments).map(\.name).reduce(into: [String]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }
        return names.map { name in
            let found = report.runs.compactMap { run in
                run.experiments.first { $0.name == name }.map {
                    ExperimentSection.Side(mode: mode(run), experiment: $0)
                }
            }
            return ExperimentSection(sides: found).markup
        }.joined(separator: "\n")
    }

    private var reading: String {
        let notes = [
            """
            Latency counts from when an order was meant to be sent (open loop) to the first answer: a late \
            client hides nothing.
            """,
            """
            Confirmed is 201, accepted 202: taken durably, finished later. Refused is a refusal or 503 that \
            the contract has. Failed is everything else, no answer in time included.
            """,
            """
            Shaded: the fault was there. Dashed: what the p99 has to stay below, from the fault's first \
            second, and tighter from \(PageText.number(Thresholds.isolation)) s after it.
            """,
            """
            The same again: csp drill --seed \(report.seed). Everything here, and more, is in report.json \
            beside this page.
            """,
        ]
        return Markup.element(
            "section", [:], Markup.element("h2", [:], "How to read it"),
            Markup.element("ul", [:], notes.map { Markup.element("li", [:], Markup.text($0)) }.joined()))
    }
}
