/// A table that scrolls by itself where the window is too narrow for it. Figures stand right, words left.
struct PageTable {
    enum Cell {
        case words(String)
        case figure(String)
        case outcome(DrillExperiment.Outcome)
        /// Words, a line each.
        case list([String])
        /// Markup already.
        case markup(String)
    }

    let caption: String
    /// The first column names the row.
    let titles: [Cell]
    let rows: [[Cell]]

    var markup: String {
        let head = titles.map { element("th", $0, ["scope": "col", "class": Self.style($0)]) }
        let body = rows.map { cells in
            Markup.element(
                "tr", [:],
                cells.enumerated().map { index, cell in
                    index == 0
                        ? element("th", cell, ["scope": "row", "class": Self.style(cell)])
                        : element("td", cell, ["class": Self.style(cell)])
                }.joined())
        }
        return Markup.element(
            "figure", [:], Markup.element("figcaption", [:], Markup.text(caption)),
            Markup.element(
                "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
                Markup.element(
                    "table", ["aria-label": caption],
                    Markup.element("thead", [:], Markup.element("tr", [:], head.joined())),
                    Markup.element("tbody", [:], body.joined()))))
    }

    private func element(_ name: String, _ cell: Cell, _ attributes: Markup.Attributes) -> String {
        let content =
            switch cell {
            case .words(let text), .figure(let text): Markup.text(text)
            case .outcome(let outcome): PageText.outcome(outcome)
            case .list(let lines): lines.map(Markup.text).joined(separator: "<br>")
            case .markup(let markup): markup
            }
        return Markup.element(name, attributes, content)
    }

    private static func style(_ cell: Cell) -> String {
        switch cell {
        case .words, .list, .markup: "words"
        case .figure: "figure"
        case .outcome(let outcome): "words \(outcome.rawValue)"
        }
    }
}
