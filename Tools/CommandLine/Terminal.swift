import Contracts
import Foundation

/// Words for a person: results on stdout, everything else on stderr.
enum Terminal {
    enum Colour: Int { case red = 31, green = 32, yellow = 33 }

    /// Never fails: a command must not leave a stack half started because its reader is gone.
    static func print(_ text: String) {
        _ = isRead(text)
    }

    /// Prints, and returns false if stdout has no reader any more; a command that only shows things ends
    /// then.
    static func isRead(_ text: String) -> Bool {
        (try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))) != nil
    }

    static func error(_ message: String) {
        note("csp: \(message)")
    }

    static func note(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Coloured where stdout is a terminal and `NO_COLOR` isn't set.
    static func coloured(_ text: String, _ colour: Colour) -> String {
        coloursAreOn ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    static func coloured(_ line: StyledLine) -> String { coloursAreOn ? line.styled : line.plain }

    private static let coloursAreOn =
        isatty(STDOUT_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Padded on the right to `width` characters.
    static func column(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Padded on the left to `width` characters.
    static func number(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Minor units as `7.18 USD`.
    static func money(_ minorUnits: Int, _ currency: String? = nil) -> String {
        let cents = minorUnits.magnitude
        let text = "\(minorUnits < 0 ? "-" : "")\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
        return [text, currency].compactMap { $0 }.joined(separator: " ")
    }

    static func milliseconds(_ duration: Duration) -> String {
        "\((duration.milliseconds * 10).rounded() / 10) ms"
    }

    /// For people: a member a line.
    static func json(_ value: some Encodable) throws -> String {
        var text = ""
        var depth = 0
        var isText = false
        var previous: Character = " "
        func newLine() { text += "\n" + String(repeating: "  ", count: depth) }
        for character in try jsonLine(value) {
            let isOutside = !isText
            if character == "\"", previous != "\\" { isText.toggle() }
            if isOutside, "}]".contains(character) {
                depth -= 1
                if !"{[".contains(previous) { newLine() }
            } else if isOutside, "{[,".contains(previous), depth > 0 {
                newLine()
            }
            text.append(character)
            if isOutside, character == ":" { text += " " }
            if isOutside, "{[".contains(character) { depth += 1 }
            previous = isText && previous == "\\" ? " " : character
        }
        return text
    }

    /// JSON in one line, for programs that read lines.
    static func jsonLine(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }
}

extension Duration {
    var milliseconds: Double { seconds * 1000 }
}
