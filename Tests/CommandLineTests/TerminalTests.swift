import Foundation
import Testing

@testable import CommandLine

@Suite struct TerminalTests {
    private struct Sample: Encodable, Equatable, Decodable {
        var name = #"a "b", {c: [d]} \"#
        var empty: [Int] = []
        var none: [String: Int] = [:]
        var list = [["x"], ["y", "\\"]]
    }

    @Test("JSON for people has a member a line, and says the same as JSON for programs")
    func indented() throws {
        let text = try Terminal.json(Sample())
        #expect(
            text == #"""
                {
                  "name": "a \"b\", {c: [d]} \\",
                  "empty": [],
                  "none": {},
                  "list": [
                    [
                      "x"
                    ],
                    [
                      "y",
                      "\\"
                    ]
                  ]
                }
                """#)
        #expect(try JSONDecoder().decode(Sample.self, from: Data(text.utf8)) == Sample())
    }
}
