import Contracts

/// How the page writes figures.
enum PageText {
    static let none = "–"

    /// `12,345`, `50.5`.
    static func number(_ value: Double?) -> String {
        guard let value else { return none }
        if value == value.rounded() || value.magnitude >= 100 { return count(Int(value.rounded())) }
        return "\(value.rounded(places: value.magnitude < 1 ? 2 : 1))"
    }

    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        let grouped = digits.enumerated().reduce(into: "") { text, digit in
            if digit.offset > 0, (digits.count - digit.offset) % 3 == 0 { text += "," }
            text.append(digit.element)
        }
        return value < 0 ? "-\(grouped)" : grouped
    }

    static func milliseconds(_ value: Double?) -> String { value.map { "\(number($0)) ms" } ?? none }

    static func seconds(_ value: Double?) -> String {
        value.map { "\(number($0.rounded(places: 1))) s" } ?? none
    }

    /// `3 × coupon-skipped, 2 × price-cached`.
    static func counts(_ counts: [String: Int]) -> String { list(counts).joined(separator: ", ") }

    static func list(_ counts: [String: Int]) -> [String] {
        let lines = counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map {
            "\(count($0.value)) × \($0.key)"
        }
        return lines.isEmpty ? [none] : lines
    }

    /// `✓ held`: never by colour alone.
    static func outcome(_ outcome: DrillExperiment.Outcome) -> String {
        switch outcome {
        case .held: "✓ held"
        case .failed: "✗ failed"
        case .undecided: "? undecided"
        }
    }

    static func mode(_ mode: DrillRun.Mode) -> String {
        switch mode {
        case .protected: "protections on"
        case .naive: "protections off"
        }
    }
}
