/// The spelling of names, labels and numbers in Prometheus' text format 0.0.4.
enum PrometheusText {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, anything else replaced by `_`.
    static func metricName(_ name: String) -> String {
        sanitised(name, colons: true)
    }

    /// `a="1",b="2"`, sorted by label name and escaped; empty without labels. Of two labels of one name the
    /// last counts.
    ///
    /// A label `le` becomes `exported_le`, since `le` is the histograms' own.
    static func labels(_ dimensions: [(String, String)]) -> String {
        if dimensions.isEmpty { return "" }
        let pairs = dimensions.map { dimension in
            let name = sanitised(dimension.0, colons: false)
            return (name == "le" ? "exported_le" : name, dimension.1)
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
            .sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(escaped($0.value, quotes: true))\"" }
            .joined(separator: ",")
    }

    /// Backslash and line feed (and, in label values, the double quote) escaped by a backslash.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `3`, `0.25`, `1e-09`, `+Inf`, `-Inf`, `NaN`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }

    private static func sanitised(_ name: String, colons: Bool) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case ":" where colons: result += ":"
            case "0"..."9": result += result.isEmpty ? "_\(scalar)" : "\(scalar)"
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }
}
