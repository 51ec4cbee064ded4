/// A page of the text format 0.0.4, being built.
struct PrometheusPage {
    private(set) var text = ""

    /// The lines above a metric's samples.
    mutating func begin(_ name: String, kind: MetricKind, help: String?) {
        if let help {
            text += "# HELP \(name) \(PrometheusText.escaped(help, quotes: false))\n"
        }
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One line; `labels` are already rendered, without braces.
    mutating func sample(_ name: String, labels: String, value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
}
