/// Aligned columns under a heading, without rules.
struct FigureTable {
    struct Column {
        enum Side { case left, right }

        var title: String
        var width: Int
        var side: Side

        /// Words.
        static func left(_ title: String, _ width: Int) -> Column {
            Column(title: title, width: width, side: .left)
        }
        /// Figures.
        static func right(_ title: String, _ width: Int) -> Column {
            Column(title: title, width: width, side: .right)
        }
    }

    typealias Cell = (text: String, style: StyledLine.Style)

    let columns: [Column]
    private(set) var lines: [StyledLine] = []

    init(_ columns: [Column]) {
        self.columns = columns
        row(columns.map { ($0.title, .bold) })
    }

    /// One cell a column; surplus cells are dropped.
    mutating func row(_ cells: [Cell]) {
        var line = StyledLine()
        for (index, (column, cell)) in zip(columns, cells).enumerated() {
            let padding = String(repeating: " ", count: max(0, column.width - cell.text.count))
            switch column.side {
            case .right: line.append(padding + cell.text, cell.style)
            // The last column needs no padding.
            case .left: line.append(cell.text + (index == columns.count - 1 ? "" : padding), cell.style)
            }
        }
        lines.append(line)
    }
}
