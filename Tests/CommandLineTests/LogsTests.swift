import Foundation
import TestSupport
import Testing

@testable import CommandLine

@Suite("Reading logs")
struct LogsTests {
    private func line(_ second: Int, _ words: String) -> String {
        "2026-01-05T12:00:0\(second).000Z info order: \(words)"
    }

    @Test("lines of several files come in the order of time, and each file keeps its own order")
    func merged() {
        let files = [
            [LogEntry(time: "1", text: "a"), LogEntry(time: "3", text: "c"), LogEntry(time: "3", text: "d")],
            [LogEntry(time: "2", text: "b"), LogEntry(time: "3", text: "e")],
        ]
        #expect(LogEntry.merged(files).map(\.text) == ["a", "b", "c", "d", "e"])
    }

    @Test("text and JSON have their time; a line without one has that of the line before")
    func times() throws {
        let scratch = try TemporaryFolder()
        let json = #"{"ts":"2026-01-05T12:00:02.000Z","level":"info","msg":"x"}"#
        let path = try scratch.write("\(line(1, "a"))\nFatal error: x\n\(json)\n", to: "log")
        #expect(LogReader(path: path).lines().map { $0.time.suffix(7) } == ["01.000Z", "01.000Z", "02.000Z"])
    }

    @Test("what is added is read once, and a line only when it is complete; a new file from its beginning")
    func added() throws {
        let scratch = try TemporaryFolder()
        let path = try scratch.write("\(line(1, "a"))\n\(line(2, "b").prefix(30))", to: "log")
        let reader = LogReader(path: path)
        #expect(reader.lines().map(\.text) == [line(1, "a")])
        #expect(reader.lines().isEmpty)
        try scratch.write("\(line(1, "a"))\n\(line(2, "b"))\n", to: "log")
        #expect(reader.lines().map(\.text) == [line(2, "b")])
        try scratch.write("\(line(3, "c"))\n", to: "log")
        #expect(reader.lines().map(\.text) == [line(3, "c")])
        #expect(LogReader(path: path + ".none").lines().isEmpty)
    }
}
