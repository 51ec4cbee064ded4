/// Pieces of HTML and SVG. Foreign text is escaped by ``text(_:)`` or as an attribute.
enum Markup {
    typealias Attributes = KeyValuePairs<String, String>

    static func text(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            // Characters that XML forbids even escaped would make the whole document invalid.
            case _
            where character.unicodeScalars.contains {
                $0.properties.generalCategory == .control && $0 != "\n"
            }:
                escaped += "\u{FFFD}"
            default: escaped.append(character)
            }
        }
    }

    /// - Parameter content: markup already.
    static func element(_ name: String, _ attributes: Attributes = [:], _ content: String...) -> String {
        "\(opening(name, attributes))>\(content.joined())</\(name)>"
    }

    /// An element without content.
    static func empty(_ name: String, _ attributes: Attributes) -> String { opening(name, attributes) + "/>" }

    private static func opening(_ name: String, _ attributes: Attributes) -> String {
        "<\(name)" + attributes.map { " \($0.key)=\"\(text($0.value))\"" }.joined()
    }
}
