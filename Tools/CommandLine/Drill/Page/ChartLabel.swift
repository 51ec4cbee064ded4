extension Chart {
    /// The name of a line or an area, written beside it instead of in a legend.
    struct Label {
        var text: String
        /// Style of the mark that it names, shown as a swatch before the text.
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

        /// Moves labels apart by at least a line of text, in their order of height and within the range.
        static func apart(_ labels: [Label], within range: ClosedRange<Double>) -> [Label] {
            // From the top; of two at the same height the later one is above, as in stacked areas.
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
