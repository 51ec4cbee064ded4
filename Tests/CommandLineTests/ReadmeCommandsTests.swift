import Foundation
import Testing

@testable import CommandLine

@Suite struct ReadmeCommandsTests {
    /// What follows `csp` in each command of the README's blocks, in a container or not.
    private static func commands() throws -> [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        var commands: [[String]] = []
        var isCommands = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") {
                isCommands = line == "```sh"
            } else if isCommands {
                let command = line.split(separator: " #", omittingEmptySubsequences: false)[0]
                for part in command.split(separator: ";") {
                    let words = part.split(separator: " ").map(String.init)
                    if let csp = words.firstIndex(of: "csp") { commands.append(Array(words[(csp + 1)...])) }
                }
            }
        }
        return commands
    }

    @Test("each csp command of the README is one that csp knows, with options that it has")
    func known() throws {
        let commands = try Self.commands()
        #expect(commands.contains(["place"]) && commands.count > 10)
        for command in commands {
            #expect(throws: Never.self, "csp \(command.joined(separator: " "))") { try CSP.command(command) }
        }
    }
}
