extension Chart {
    /// The name of a line or an area, written beside it instead of in a legend.
    struct Label {
        var text: String
        /// Of the mark that it names; a swatch of it stands before the text.
        var style: String
        var y: Double

        static let spacing = 15.0

        var markup: String {
            let x = Chart.plot.right
            return Markup.empty(
                "line",
                [
                    "class": "swatch \(style)", "x1": Chart.place(x + 4), "y1": Chart.place(y),
                    "x2": Chart.place(x + 12),
                    "y2": Chart.place(y),
                ]) + Chart.text(text, "label", x + 16, y + 4.5)
        }

        /// In their order of height, none nearer to the next than a line of text, none outside.
        static func apart(_ labels: [Label], within range: ClosedRange<Double>) -> [Label] {
            // From the top; of two at one height the later one stands above, as stacked areas do.
            var labels = labels.reversed().sorted { $0.y < $1.y }
            for index in labels.indices {
                let least = index == 0 ? range.lowerBound : labels[index - 1].y + spacing
                labels[index].y = max(labels[index].y, least)
            }
            for index in labels.indices.reversed() {
                let most = index == labels.count - 1 ? range.upperBound : labels[index + 1].y - spacing
                labels[index].y = min(labels[index].y, most)
            }
            return labels
        }
    }
}
