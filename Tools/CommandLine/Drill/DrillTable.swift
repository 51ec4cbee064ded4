import Contracts

/// The drill in the terminal: a row an experiment, with the failures below.
struct DrillTable {
    let report: DrillReport

    var text: String { (report.runs.flatMap(tables) + words).joined(separator: "\n\n") }

    private static let titles = [
        "experiment", "confirmed", "accepted", "refused", "failed", "p50 ms", "p99 ms", "healthy",
        "isolate s", "recover s",
        "degraded", "repaired", "outcome",
    ]

    private static let overloadTitles = [
        "overload", "offered/s", "orders/s", "served/s", "bound/s", "p50 ms", "p99 ms", "settled s",
        "recover s", "shed",
        "outcome",
    ]

    private func tables(_ run: DrillRun) -> [String] {
        var found: [String] = []
        for group in run.groups {
            let titles = [group.title ?? Self.titles[0]] + Self.titles.dropFirst()
            found.append(Self.table(titles, group.experiments.map(row), words: 3))
        }
        if let overload = run.overload, overload.capacity > 0 {
            let what =
                """
                capacity \(overload.capacity) orders/s, p99 at 0.7 of it \(overload.p99AtSeventyPercent) ms, \
                a refusal costs \((overload.refusalCost * 100).rounded(places: 1)) % of an order
                """
            let steps =
                overload.steps.isEmpty
                ? [] : [Self.table(Self.overloadTitles, overload.steps.map(row), words: 2)]
            let outage = overload.outage.map { outage in
                """
                \(outage.dependency) frozen under \(outage.offered) orders/s (\(outage.requests) requests in \
                all): normal \(outage.recoveredSeconds.map { "\($0) s" } ?? "not") after its end, at \
                \(outage.afterwards) orders/s  \(outage.outcome.rawValue)
                """
            }
            found.append(
                (steps + [what] + [outage].compactMap { $0.map(Self.coloured) }).joined(separator: "\n"))
        }
        if report.runs.count > 1, !found.isEmpty { found[0] = "The \(run.mode.rawValue) stack:\n" + found[0] }
        return found
    }

    /// - Parameter words: number of text columns at the end.
    private static func table(_ titles: [String], _ rows: [[String]], words: Int) -> String {
        let all = [titles] + rows
        let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let lines = all.map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                if index == titles.count - 1 { return cell.0 }
                let isText = index == 0 || index >= titles.count - words
                return isText ? Terminal.column(cell.0, cell.1) : Terminal.number(cell.0, cell.1)
            }.joined(separator: "  ")
        }
        return lines.map(coloured).joined(separator: "\n")
    }

    /// Orders, p50 and p99 of those sent while the fault was there.
    private func row(_ one: DrillExperiment) -> [String] {
        let outcomes = one.broken.outcomes
        return [
            one.name, "\(outcomes.confirmed)", "\(outcomes.accepted)", "\(outcomes.refused)",
            "\(outcomes.failed)",
            Self.number(one.broken.latency?.p50), Self.number(one.broken.latency?.p99),
            Self.number(one.healthy.latency?.p99),
            Self.number(one.isolateSeconds), Self.number(one.recoverSeconds), Self.counts(one.degraded),
            one.repaired.due == 0 ? "–" : "\(one.repaired.done) of \(one.repaired.due)", one.outcome.rawValue,
        ]
    }

    private func row(_ step: OverloadReport.Step) -> [String] {
        let numbers = [
            step.offered, step.ordersOffered, step.goodput, step.bound, step.admittedP50, step.admittedP99,
        ]
        return ["\(step.factor.formattedWithoutZeros)x"] + numbers.map(Self.number) + [
            Self.number(step.settledSeconds), Self.number(step.recoveredSeconds), Self.counts(step.shed),
            step.outcome.rawValue,
        ]
    }

    private var words: [String] {
        report.runs.flatMap { run -> [String] in
            let mode = report.runs.count > 1 ? ", \(run.mode.rawValue)" : ""
            let experiments = run.experiments.filter { $0.outcome != .held }.map { one in
                (["\(one.name)\(mode): expected that \(one.hypothesis)"] + one.failures.map { "  \($0)" })
                    .joined(separator: "\n")
            }
            let steps = (run.overload?.steps ?? []).filter { $0.outcome != .held }.map { step in
                (["overload-\(step.factor.formattedWithoutZeros)x\(mode):"] + step.failures.map { "  \($0)" })
                    .joined(separator: "\n")
            }
            let obstacle = run.overload?.obstacle.map { ["overload\(mode): undecided: \($0)"] } ?? []
            let outage = (run.overload?.outage?.failures ?? []).map { "overload-outage\(mode): \($0)" }
            let books = (run.overload?.audit?.findings ?? []).filter { !$0.ok }.map { finding in
                "overload\(mode): audit: \(finding.name): \(finding.violations.first ?? "")"
            }
            return experiments + steps + obstacle + outage + books
        }
    }

    private static func counts(_ counts: [String: Int]) -> String {
        let some = counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return some.isEmpty ? "–" : some.joined(separator: ", ")
    }

    private static func number(_ value: Double?) -> String { value.map { "\($0.rounded(places: 1))" } ?? "–" }

    private static func coloured(_ line: String) -> String {
        let ends: [(DrillExperiment.Outcome, Terminal.Colour)] = [
            (.held, .green), (.failed, .red), (.undecided, .yellow),
        ]
        for (outcome, colour) in ends where line.hasSuffix(outcome.rawValue) {
            return line.dropLast(outcome.rawValue.count) + Terminal.coloured(outcome.rawValue, colour)
        }
        return line
    }
}
