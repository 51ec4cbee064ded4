import Foundation
import Testing

/// `README.ko.md` says what `README.md` says. Its prose is its own; this compares what no language changes.
@Suite("The README in two languages", .timeLimit(.minutes(1)))
struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("no section, command or table row of one is missing in the other, and their order is the same")
    func same() throws {
        let english = Self.outline(try Self.text("README.md"))
        let korean = Self.outline(try Self.text("README.ko.md"))
        #expect(english.count > 40)
        #expect(Self.missing(of: english, in: korean) == [], "missing in README.ko.md")
        #expect(Self.missing(of: korean, in: english) == [], "missing in README.md")
    }

    @Test(
        "a section, a command and a row that are missing are found",
        arguments: [
            "## Run it", "make up", "docker compose kill coupon", "| `coupon` | [here](Docs/README.md) |",
        ])
    func found(line: String) {
        let text = """
            # Title
            ## Run it
            ```sh
            make up # builds
            docker compose kill coupon
            ```
            | broken | read |
            |---|---|
            | `coupon` | [here](Docs/README.md) |
            | `payment` | [here](Docs/README.md) |
            """
        let translated = text.replacing("Title", with: "제목").replacing("Run it", with: "실행하기")
            .replacing("builds", with: "빌드").replacing("broken | read", with: "장애 | 문서")
        #expect(Self.outline(translated) == Self.outline(text))
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix(line) }
        #expect(
            Self.missing(of: Self.outline(text), in: Self.outline(lines.joined(separator: "\n"))).count == 1)
    }

    @Test("the figures under the picture are the picture's own", arguments: ["README.md", "README.ko.md"])
    func figures(readme: String) throws {
        let picture = try Self.text("Docs/coupon-frozen.svg")
        let description = try #require(picture.firstMatch(of: #/<desc>([^<]+)</desc>/#)).output.1
        let below = try #require(try Self.text(readme).split(separator: "\n\n").first { $0.hasPrefix("*") })
        #expect(Self.numbers(description).count >= 3)
        #expect(Self.numbers(description).isSubset(of: Self.numbers(below)))
    }

    @Test("each link and picture leads to a file", arguments: ["README.md", "README.ko.md"])
    func links(readme: String) throws {
        for link in try Self.text(readme).matches(of: #/\]\(([^)#:]+)(?:#[^)]*)?\)/#) {
            let path = String(link.output.1)
            #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: path).path), "\(path)")
        }
    }

    private static func numbers(_ text: Substring) -> Set<String> {
        Set(text.matches(of: #/[0-9]+(?:,[0-9]+)*/#).map { String($0.output) })
    }

    /// What is in `outline` and not, in the same order, in `other`.
    private static func missing(of outline: [String], in other: [String]) -> [String] {
        other.difference(from: outline).removals.map { change in
            switch change {
            case .insert(_, let element, _), .remove(_, let element, _): element
            }
        }
    }

    /// Sections by their level, blocks of code by their language, commands without their comments, and table
    /// rows by the code and the links in them.
    private static func outline(_ text: String) -> [String] {
        var outline: [String] = []
        var language: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                language = language == nil ? String(line.dropFirst(3)) : nil
                if let language { outline.append("block of \(language)") }
            } else if language == "sh" {
                let command = line.split(separator: " #", omittingEmptySubsequences: false)[0]
                outline.append("command \(command.trimmingCharacters(in: .whitespaces))")
            } else if language == nil, line.hasPrefix("#") {
                outline.append("section of level \(line.prefix { $0 == "#" }.count)")
            } else if language == nil, line.hasPrefix("|") {
                let marks = line.matches(of: #/`[^`]+`|\]\([^)]+\)/#).map { String($0.output) }
                outline.append("row of \(line.filter { $0 == "|" }.count - 1): \(marks.sorted())")
            }
        }
        return outline
    }
}
