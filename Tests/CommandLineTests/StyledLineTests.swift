import Foundation
import Testing

@testable import CommandLine

@Suite struct StyledLineTests {
    private var line: StyledLine {
        var line = StyledLine("state ")
        line.append("ready", .green)
        line.append(" for long")
        return line
    }

    @Test("styles don't count in the length, and only styled parts have one")
    func styles() {
        #expect(line.count == 20)
        #expect(line.plain == "state ready for long")
        #expect(line.styled == "state \u{1B}[32mready\u{1B}[0m for long")
    }

    @Test(
        "a line is cut to a width without its styles breaking",
        arguments: [(20, "state ready for long"), (9, "state re…"), (1, "…")])
    func truncated(width: Int, expected: String) {
        #expect(line.truncated(to: width).plain == expected)
        #expect(line.truncated(to: width).styled.components(separatedBy: "\u{1B}[0m").count <= 2)
    }

    @Test("foreign text can't control the terminal")
    func harmless() {
        #expect(StyledLine("a\u{1B}[2Jb\rc\nd\u{9B}1me").styled == "a [2Jb c d 1me")
    }

    @Test("a frame overwrites the one before, and a full line isn't cleared after its end")
    func frame() {
        let lines = [StyledLine("ab"), StyledLine("abcd")]
        #expect(
            Screen.frame(lines, Screen.Size(width: 4, height: 3)) == "\u{1B}[Hab\u{1B}[K\r\nabcd\r\n\u{1B}[J")
        #expect(Screen.frame(lines, Screen.Size(width: 4, height: 2)) == "\u{1B}[Hab\u{1B}[K\r\nabcd")
        #expect(Screen.frame(lines, Screen.Size(width: 80, height: 1)) == "\u{1B}[Hab\u{1B}[K")
    }
}
