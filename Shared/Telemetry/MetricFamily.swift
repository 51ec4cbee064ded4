/// What Prometheus knows about a metric's meaning; the raw value is the word after `# TYPE`.
enum MetricKind: String {
    case counter, gauge, histogram
}

/// One series: takes samples from many threads and writes itself onto a page. There is one class for each
/// kind.
protocol Instrument: AnyObject, Sendable {
    static var kind: MetricKind { get }
    func write(to page: inout PrometheusPage, name: String, labels: String)
}

/// All series of one metric name, by their labels as the page shows them.
struct MetricFamily {
    let kind: MetricKind
    private var series: [String: any Instrument] = [:]

    init(kind: MetricKind) {
        self.kind = kind
    }

    var isEmpty: Bool { series.isEmpty }

    /// The series with these labels; past `limit` series, the one in which every label is `other`.
    mutating func instrument<I: Instrument>(for dimensions: [(String, String)], limit: Int, make: () -> I)
        -> I
    {
        var labels = PrometheusText.labels(dimensions)
        if series[labels] == nil, series.count >= limit {
            labels = PrometheusText.labels(dimensions.map { ($0.0, "other") })
        }
        if let known = series[labels] as? I { return known }
        let new = make()
        series[labels] = new
        return new
    }

    func without(_ identity: ObjectIdentifier) -> MetricFamily {
        var rest = self
        rest.series = series.filter { ObjectIdentifier($0.value) != identity }
        return rest
    }

    func write(to page: inout PrometheusPage, name: String) {
        for (labels, instrument) in series.sorted(by: { $0.key < $1.key }) {
            instrument.write(to: &page, name: name, labels: labels)
        }
    }
}
