/// The frame of a chart over time: axes with units, and the fault shaded. The marks on it are passed as
/// markup.
struct Chart {
    /// Fits a telephone at full size; the page enlarges it.
    static let width = 500.0
    static let height = 224.0
    static let plot = (left: 54.0, top: 38.0, right: 368.0, bottom: 188.0)

    let x: Axis
    let y: Axis
    let yTitle: String
    let xTitle: String
    let yText: (Double) -> String
    let xText: (Double) -> String

    /// Time from left to right.
    static func overTime(
        _ seconds: Double, y: Axis, title: String,
        text: @escaping (Double) -> String = { PageText.number($0) }
    ) -> Chart {
        Chart(
            x: .linear(upTo: max(seconds, 1), from: plot.left, to: plot.right), y: y, yTitle: title,
            xTitle: "seconds",
            yText: text, xText: { PageText.number($0) })
    }

    /// - Parameters:
    ///   - spans: when the fault was active, and its label.
    ///   - marks: the marks, drawn between background and axis.
    ///   - labels: at the right edge, each as near to its height as the others permit.
    func content(
        spans: [DrillExperiment.Span] = [], named name: String = "fault", marks: String, labels: [Label]
    ) -> String {
        let plot = Self.plot
        let shades = spans.map { span in
            let left = x.position(span.begin)
            return Markup.empty(
                "rect",
                [
                    "class": "fault", "x": Self.place(left), "y": Self.place(plot.top),
                    "width": Self.place(x.position(span.end) - left),
                    "height": Self.place(plot.bottom - plot.top),
                ])
        }
        // The edges are drawn on top, since areas may cover the shade.
        let edges = spans.map { span in
            let (left, right) = (x.position(span.begin), x.position(span.end))
            return line("edge", left, plot.top - 4, left, plot.bottom)
                + line("edge", right, plot.top - 4, right, plot.bottom)
                + line("reach", left, plot.top - 4, right, plot.top - 4)
                + (span == spans.first ? Self.text(name, "note", left + 1, plot.top - 8) : "")
        }
        let rows = y.ticks(5).map { value in
            line("grid", plot.left, y.position(value), plot.right, y.position(value))
                + Self.text(yText(value), "tick end", plot.left - 6, y.position(value) + 4.5)
        }
        let columns = x.ticks(6).map { value in
            line("tickmark", x.position(value), plot.bottom, x.position(value), plot.bottom + 4)
                + Self.text(xText(value), "tick middle", x.position(value), plot.bottom + 17)
        }
        return shades.joined() + rows.joined() + marks + edges.joined()
            + line("axis", plot.left, plot.bottom, plot.right, plot.bottom) + columns.joined()
            + Self.text(yTitle, "note", 0, 13)
            + Self.text(xTitle, "note middle", (plot.left + plot.right) / 2, plot.bottom + 33)
            + Label.apart(labels, within: plot.top...plot.bottom).map(\.markup).joined()
    }

    func line(_ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        Markup.empty(
            "line",
            [
                "class": style, "x1": Self.place(x1), "y1": Self.place(y1), "x2": Self.place(x2),
                "y2": Self.place(y2),
            ])
    }

    /// Joined by straight lines, broken where there is no value; a lonely one is a dot.
    func curve(_ style: String, _ points: [(x: Double, y: Double?)]) -> String {
        var path = ""
        var isDown = false
        for point in points {
            guard let value = point.y else {
                isDown = false
                continue
            }
            path += "\(isDown ? "L" : "M")\(Self.place(x.position(point.x))) \(Self.place(y.position(value)))"
            if !isDown { path += "h0" }
            isDown = true
        }
        return Markup.empty("path", ["class": style, "d": path])
    }

    static func text(_ text: String, _ style: String, _ x: Double, _ y: Double) -> String {
        Markup.element("text", ["class": style, "x": place(x), "y": place(y)], Markup.text(text))
    }

    /// A tenth of a unit is finer than any screen.
    static func place(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    /// A chart of its own, with the name that a screen reader says.
    static func svg(_ title: String, _ content: String) -> String {
        Markup.element(
            "svg",
            [
                "viewBox": "0 0 \(Int(width)) \(Int(height))", "role": "img", "aria-label": title,
                "xmlns": "http://www.w3.org/2000/svg",
            ], Markup.element("title", [:], Markup.text(title)), content)
    }
}
