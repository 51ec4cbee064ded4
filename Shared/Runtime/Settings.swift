package import Contracts

/// Reads a service's settings, each declared where it is read: its key, what it means, its default and its
/// range.
///
/// Nothing is thrown while reading; every problem is collected, so that a bad start lists all of them at
/// once.
package struct Settings {
    /// What `--help` shows of one setting.
    package struct Known: Sendable {
        package var key: String
        package var defaultValue: String
        package var help: String
    }

    let value: (String) -> String?
    package private(set) var known: [Known] = []
    package internal(set) var problems: [String] = []

    /// - Parameter value: the text set for a key, or nil; an empty text counts as not set.
    package init(value: @escaping (String) -> String?) {
        self.value = { key in value(key).flatMap { $0.isEmpty ? nil : $0 } }
    }

    /// Adds a problem that only the service can see.
    package mutating func refuse(_ problem: String) { problems.append(problem) }

    package mutating func string(_ key: String, default defaultValue: String, _ help: String) -> String {
        declare(key, defaultValue, help)
        return value(key) ?? defaultValue
    }

    package mutating func optional(_ key: String, _ help: String) -> String? {
        declare(key, "none", help)
        return value(key)
    }

    package mutating func required(_ key: String, _ help: String) -> String {
        declare(key, "required", help)
        guard let text = value(key) else {
            problems.append("\(key) is not set (\(help))")
            return ""
        }
        return text
    }

    package mutating func integer(
        _ key: String, default defaultValue: Int, in range: ClosedRange<Int>, _ help: String
    )
        -> Int
    {
        let help = "\(help) (\(range.lowerBound) to \(range.upperBound))"
        return parsed(key, default: defaultValue, shown: "\(defaultValue)", help) {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package mutating func real(
        _ key: String, default defaultValue: Double, in range: ClosedRange<Double>, _ help: String
    ) -> Double {
        let help = "\(help) (\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound)))"
        return parsed(key, default: defaultValue, shown: Self.text(defaultValue), help) {
            Double($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A duration such as `250ms`, `30s`, `15m` or `24h`; a bare number is in seconds.
    package mutating func duration(
        _ key: String, default defaultValue: Duration, in range: ClosedRange<Duration>, _ help: String
    ) -> Duration {
        let help = "\(help) (\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound)))"
        return parsed(key, default: defaultValue, shown: Self.text(defaultValue), help) {
            Self.duration($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// How long something is kept: a duration of a day or more, or `forever` (nil).
    package mutating func retention(_ key: String, default defaultValue: Duration?, _ help: String)
        -> Duration?
    {
        let shortest = Duration.seconds(86_400)
        return parsed(
            key, default: defaultValue, shown: defaultValue.map(Self.text) ?? "forever",
            "\(help) (\(Self.text(shortest)) or longer, or forever)"
        ) { text -> Duration?? in
            if text == "forever" { return .some(nil) }
            guard let duration = Self.duration(text), duration >= shortest else { return nil }
            return .some(duration)
        }
    }

    /// An amount of bytes such as `512KiB`, `64MiB` or `2GiB`; a bare number is in bytes.
    package mutating func bytes(
        _ key: String, default defaultValue: Int64, in range: ClosedRange<Int64>, _ help: String
    ) -> Int64 {
        let help = "\(help) (\(Self.text(bytes: range.lowerBound)) to \(Self.text(bytes: range.upperBound)))"
        return parsed(key, default: defaultValue, shown: Self.text(bytes: defaultValue), help) {
            Self.bytes($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package mutating func flag(_ key: String, default defaultValue: Bool, _ help: String) -> Bool {
        parsed(key, default: defaultValue, shown: "\(defaultValue)", "\(help) (true or false)") {
            Bool($0.lowercased())
        }
    }

    package mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default defaultValue: Choice, _ help: String
    ) -> Choice {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return parsed(key, default: defaultValue, shown: defaultValue.rawValue, "\(help) (\(names))") {
            Choice(rawValue: $0)
        }
    }

    /// Where a service of the system is.
    package mutating func url(of service: ServiceName) -> String {
        url(service.urlKey, default: service.defaultURL, "where \(service) is")
    }

    package mutating func url(_ key: String, default defaultValue: String, _ help: String) -> String {
        parsed(key, default: defaultValue, shown: defaultValue, help) { Self.isURL($0) ? $0 : nil }
    }

    package mutating func optionalURL(_ key: String, _ help: String) -> String? {
        parsed(key, default: nil, shown: "none", help) { Self.isURL($0) ? .some($0) : nil }
    }

    private static func isURL(_ text: String) -> Bool {
        (text.hasPrefix("http://") || text.hasPrefix("https://")) && !text.contains(" ")
    }

    private mutating func parsed<Value>(
        _ key: String, default defaultValue: Value, shown: String, _ help: String, parse: (String) -> Value?
    ) -> Value {
        declare(key, shown, help)
        guard let text = value(key) else { return defaultValue }
        guard let parsed = parse(text) else {
            problems.append("\(key)=\(text) is not valid: \(help)")
            return defaultValue
        }
        return parsed
    }

    private mutating func declare(_ key: String, _ defaultValue: String, _ help: String) {
        known.append(Known(key: key, defaultValue: defaultValue, help: help))
    }

    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("", 1000),
    ]

    static func duration(_ text: String) -> Duration? {
        for unit in units where text.hasSuffix(unit.suffix) {
            let number = text.dropLast(unit.suffix.count).trimmingSuffix { $0 == " " }
            guard let count = Int64(number), count >= 0, count < 1_000_000_000 else { continue }
            return .milliseconds(count * unit.milliseconds)
        }
        return nil
    }

    private static let byteUnits: [(suffix: String, bytes: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("", 1),
    ]

    static func bytes(_ text: String) -> Int64? {
        for unit in byteUnits where text.hasSuffix(unit.suffix) {
            let number = text.dropLast(unit.suffix.count).trimmingSuffix { $0 == " " }
            guard let count = Int64(number), count >= 0 else { continue }
            let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: unit.bytes)
            return isTooLarge ? nil : bytes
        }
        return nil
    }

    static func text(bytes: Int64) -> String {
        let unit = byteUnits.last { !$0.suffix.isEmpty && bytes >= $0.bytes && bytes % $0.bytes == 0 }
        return unit.map { "\(bytes / $0.bytes)\($0.suffix)" } ?? "\(bytes)"
    }

    private static func text(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\(number)"
    }

    static func text(_ duration: Duration) -> String {
        if duration == .zero { return "0s" }
        let milliseconds = duration.wholeMilliseconds
        for unit in units.reversed()
        where !unit.suffix.isEmpty && unit.suffix != "d" && milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
        }
        return "\(milliseconds)ms"
    }
}

extension Substring {
    func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var trimmed = self
        while let last = trimmed.last, predicate(last) { trimmed.removeLast() }
        return trimmed
    }
}
