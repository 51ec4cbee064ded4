/// A page of Prometheus' text format 0.0.4, as far as the services use it. Unreadable lines are ignored.
package struct MetricsPage: Sendable {
    package typealias Labels = [String: String]
    private typealias Sample = (labels: Labels, value: Double)

    private var samples: [String: [Sample]] = [:]

    package init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...])
            else { continue }
            let series = line[..<space]
            let name = series.prefix { $0 != "{" }
            samples[String(name), default: []].append((Self.labels(series.dropFirst(name.count)), value))
        }
    }

    /// The sum of all series of that name whose labels fit; nil if there is none.
    package func sum(_ name: String, where fits: (Labels) -> Bool = { _ in true }) -> Double? {
        let values = (samples[name] ?? []).filter { fits($0.labels) }.map(\.value)
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    /// The sums by one label.
    package func sums(_ name: String, by label: String) -> [String: Double] {
        (samples[name] ?? []).reduce(into: [:]) { sums, sample in
            if let key = sample.labels[label] { sums[key, default: 0] += sample.value }
        }
    }

    /// A histogram, its series added up where their labels fit.
    package func buckets(_ name: String, where fits: (Labels) -> Bool = { _ in true }) -> Buckets {
        var cumulative: [Double: Double] = [:]
        for sample in samples[name + "_bucket"] ?? [] where fits(sample.labels) {
            if let bound = sample.labels["le"].flatMap(Double.init(prometheus:)) {
                cumulative[bound, default: 0] += sample.value
            }
        }
        return Buckets(cumulative: cumulative)
    }

    /// `{a="1",b="x\"y"}`.
    private static func labels(_ text: Substring) -> Labels {
        var labels: Labels = [:]
        var rest = text.dropFirst()
        while let equals = rest.firstIndex(of: "="), rest[equals...].hasPrefix("=\"") {
            let name = String(rest[..<equals])
            rest = rest[equals...].dropFirst(2)
            labels[name] = value(&rest)
            if rest.first == "," { rest = rest.dropFirst() }
        }
        return labels
    }

    /// Up to and with the closing quote.
    private static func value(_ rest: inout Substring) -> String {
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\" else {
                value.append(character)
                continue
            }
            guard let escaped = rest.popFirst() else { break }
            value.append(escaped == "n" ? "\n" : escaped)
        }
        return value
    }
}

extension Double {
    fileprivate init?(prometheus text: String) {
        if text == "+Inf" { self = .infinity } else { self.init(text) }
    }
}
