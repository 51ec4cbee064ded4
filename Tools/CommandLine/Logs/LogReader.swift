import Foundation

/// Reads what is new in a log file, line by line.
final class LogReader {
    private let path: String
    private var offset: UInt64 = 0
    /// The beginning of a line that isn't complete yet.
    private var rest = Data()
    /// The time of the last line that had one.
    private var time = ""

    init(path: String) { self.path = path }

    /// The complete lines since the last reading; of a file that has become shorter, all of them.
    func lines() -> [LogEntry] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        let end = (try? file.seekToEnd()) ?? 0
        if end < offset { (offset, rest) = (0, Data()) }
        guard end > offset, (try? file.seek(toOffset: offset)) != nil,
            let data = try? file.read(upToCount: Int(end - offset))
        else { return [] }
        offset += UInt64(data.count)
        rest += data
        guard let last = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let text = String(decoding: rest[..<last], as: UTF8.self)
        rest = Data(rest[rest.index(after: last)...])
        return text.split(separator: "\n").map { line in
            if let own = LogEntry.time(of: line) { time = own }
            return LogEntry(time: time, text: String(line))
        }
    }
}

/// One line of a log, and when it was written. A line without a time, as of a crash, has that of the line
/// before.
struct LogEntry: Equatable {
    var time: String
    var text: String

    /// `2026-01-05T12:00:00.123Z` at the beginning of a line of text, or of a line of JSON after `{"ts":"`.
    static func time(of line: Substring) -> String? {
        let start = line.hasPrefix(#"{"ts":""#) ? line.dropFirst(7) : line
        let time = start.prefix(24)
        return time.wholeMatch(of: #/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z/#) == nil ? nil : String(time)
    }

    /// In the order in which they were written; those of one file keep theirs.
    static func merged(_ files: [[LogEntry]]) -> [LogEntry] {
        files.flatMap { $0 }.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }
}
