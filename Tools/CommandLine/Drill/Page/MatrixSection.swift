/// The degradation matrix: a row for each service or pair, a column for each fault.
struct MatrixSection {
    let run: DrillRun
    let isCompared: Bool

    var markup: String {
        let whole = run.experiments.filter { !$0.isPartial }
        let kinds = distinct(whole.map(\.kind))
        let targets = distinct(whole.map { $0.targets.joined(separator: " + ") })
        // Omitted with one row or column, or if it is mostly empty: the table below has the same outcomes.
        guard kinds.count > 1, targets.count > 1, 2 * whole.count > kinds.count * targets.count else {
            return ""
        }
        let title = "The matrix" + (isCompared ? ", \(PageText.mode(run.mode))" : "")
        return Markup.element(
            "section", [:], Markup.element("h2", [:], Markup.text(title)),
            PageTable(
                caption: "What was broken, and how; p99 of the orders meanwhile",
                titles: [.words("broken")] + kinds.map { .words($0) },
                rows: targets.map { target in [.words(target)] + kinds.map { cell(target, $0) } }
            ).markup)
    }

    private func cell(_ target: String, _ kind: String) -> PageTable.Cell {
        guard
            let one = run.experiments.first(where: {
                $0.kind == kind && $0.targets.joined(separator: " + ") == target
            })
        else {
            return .words("")
        }
        let link = Markup.element("a", ["href": "#\(one.name)"], PageText.outcome(one.outcome))
        let latency = Markup.element(
            "small", [:], Markup.text(PageText.milliseconds(one.broken.latency?.p99)))
        return .markup(Markup.element("span", ["class": "\(one.outcome.rawValue)"], link) + " " + latency)
    }

    private func distinct(_ names: [String]) -> [String] {
        names.reduce(into: []) { distinct, name in if !distinct.contains(name) { distinct.append(name) } }
    }
}
