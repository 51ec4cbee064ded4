/// One line of text whose parts may be styled; its length is counted without the styles.
struct StyledLine: Equatable {
    enum Style: Int { case plain = 0, bold = 1, red = 31, green = 32, yellow = 33 }

    private struct Part: Equatable {
        var text: String
        var style: Style
    }

    private var parts: [Part] = []

    init() {}

    init(_ text: String, _ style: Style = .plain) { append(text, style) }

    /// Control characters in foreign text (an answer, a path) are replaced, so that it can't control the
    /// terminal.
    mutating func append(_ text: String, _ style: Style = .plain) {
        let scalars = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
        let harmless = String(String.UnicodeScalarView(scalars))
        if let last = parts.last, last.style == style {
            parts[parts.count - 1].text += harmless
        } else {
            parts.append(Part(text: harmless, style: style))
        }
    }

    var count: Int { parts.reduce(0) { $0 + $1.text.count } }
    var plain: String { parts.map(\.text).joined() }

    /// With SGR sequences.
    var styled: String {
        parts.map { $0.style == .plain ? $0.text : "\u{1B}[\($0.style.rawValue)m\($0.text)\u{1B}[0m" }
            .joined()
    }

    /// At most that many characters; a cut is marked.
    func truncated(to width: Int) -> StyledLine {
        guard count > width else { return self }
        var line = StyledLine()
        var room = width - 1
        for part in parts where room > 0 {
            line.append(String(part.text.prefix(room)), part.style)
            room -= part.text.count
        }
        if width > 0 { line.append("…") }
        return line
    }
}
