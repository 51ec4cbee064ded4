/// The drill in the terminal: a row an experiment, and in words below what didn't hold.
struct DrillTable {
    let report: DrillReport

    var text: String { (report.runs.map(table) + words).joined(separator: "\n\n") }

    private static let titles = [
        "experiment", "confirmed", "accepted", "refused", "failed", "p50 ms", "p99 ms", "healthy", "isolate s", "recover s",
        "degraded", "repaired", "verdict",
    ]

    private func table(_ run: DrillRun) -> String {
        let rows = [Self.titles] + run.experiments.map(row)
        let widths = Self.titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                let isText = index == 0 || index >= Self.titles.count - 3
                return isText ? Terminal.column(cell.0, cell.1) : Terminal.number(cell.0, cell.1)
            }.joined(separator: "  ")
        }
        let title = report.runs.count > 1 ? ["The \(run.mode.rawValue) stack:"] : []
        return (title + lines.map(Self.coloured)).joined(separator: "\n")
    }

    /// Orders, p50 and p99 of those sent while the fault was there.
    private func row(_ one: DrillExperiment) -> [String] {
        let outcomes = one.broken.outcomes
        let degraded = one.degraded.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return [
            one.name, "\(outcomes.confirmed)", "\(outcomes.accepted)", "\(outcomes.refused)", "\(outcomes.failed)",
            Self.number(one.broken.latency?.p50), Self.number(one.broken.latency?.p99), Self.number(one.healthy.latency?.p99),
            Self.number(one.isolateSeconds), Self.number(one.recoverSeconds), degraded.isEmpty ? "–" : degraded,
            one.repaired.due == 0 ? "–" : "\(one.repaired.done) of \(one.repaired.due)", one.verdict.rawValue,
        ]
    }

    private var words: [String] {
        var found: [String] = []
        for run in report.runs {
            for one in run.experiments where one.verdict != .held {
                let name = report.runs.count > 1 ? "\(one.name), \(run.mode.rawValue)" : one.name
                found.append(
                    (["\(name): expected that \(one.hypothesis)"] + one.failures.map { "  \($0)" }).joined(separator: "\n"))
            }
        }
        return found
    }

    private static func number(_ value: Double?) -> String { value.map { "\($0.rounded(places: 1))" } ?? "–" }

    private static func coloured(_ line: String) -> String {
        let ends: [(DrillExperiment.Verdict, Terminal.Colour)] = [(.held, .green), (.failed, .red), (.undecided, .yellow)]
        for (verdict, colour) in ends where line.hasSuffix(verdict.rawValue) {
            return line.dropLast(verdict.rawValue.count) + Terminal.coloured(verdict.rawValue, colour)
        }
        return line
    }
}
