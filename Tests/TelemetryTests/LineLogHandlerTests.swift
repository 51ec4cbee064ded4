import Foundation
import Logging
import Resilience
import Telemetry
import Testing

/// Keeps the lines that a logger writes.
private final class Lines: Sendable {
    private let lines = Locked<[[UInt8]]>([])

    var text: [String] { lines.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }

    func logger(
        _ format: LogFormat, label: String = "order", level: Logger.Level = .info,
        provider: Logger.MetadataProvider? = nil
    ) -> Logger {
        Logger(label: label) { label in
            LineLogHandler(
                label: label, format: format, level: level, metadataProvider: provider,
                sink: { line in self.lines.withLock { $0.append(line) } },
                now: { LogTime(seconds: 1_767_614_400, milliseconds: 123) })
        }
    }
}

private struct Entry: Decodable, Equatable {
    var ts: String
    var level: String
    var logger: String
    var message: String
    var metadata: [String: String]

    init(from decoder: any Decoder) throws {
        var members = try [String: String](from: decoder)
        func take(_ key: String) throws -> String {
            let value = members.removeValue(forKey: key)
            return try #require(value)
        }
        ts = try take("ts")
        level = try take("level")
        logger = try take("logger")
        message = try take("msg")
        let service = try take("service")
        #expect(service == logger)
        metadata = members
    }
}

private struct CardDeclined: Error, CustomStringConvertible {
    var description: String { "declined\nby the bank" }
}

@Suite struct LineLogHandlerTests {
    private let lines = Lines()

    private func entries() throws -> [Entry] {
        try lines.text.map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
    }

    /// Characters that a reader might take for the end of a line or a terminal's command.
    private static let hostile = [
        "line\nfeed", "carriage\rreturn", "both\r\n", "\u{0}nul", "tab\t", "\u{1b}[31mred", "\u{7f}",
        "\u{85}next line",
        "\u{9b}31m", "\u{2028}line separator", "\u{2029}paragraph", "\u{b}\u{c}\u{1e}", "quote\" back\\slash",
        "쿠폰 🎟 é", "",
    ]

    @Test("A text line has the documented form, with metadata sorted by key and quoted where needed")
    func text() {
        lines.logger(.text).info(
            "order placed",
            metadata: [
                "z": "plain", "a": "two words", "empty": "", "eq": "x=y", "n": "\(42)", "two words": "v",
            ])
        #expect(
            lines.text == [
                "2026-01-05T12:00:00.123Z info order: order placed "
                    + "a=\"two words\" empty=\"\" eq=\"x=y\" n=42 \"two words\"=v z=plain\n"
            ])
    }

    @Test("A JSON line has the documented form")
    func json() {
        lines.logger(.json).warning(
            "order placed", metadata: ["order_id": "o-1", "attempt": "\(2)", "ts": "x"])
        lines.logger(.json).info("bare")
        #expect(
            lines.text == [
                #"{"ts":"2026-01-05T12:00:00.123Z","level":"warning","logger":"order","#
                    + #""msg":"order placed","service":"order","attempt":"2","order_id":"o-1","ts_":"x"}"#
                    + "\n",
                #"{"ts":"2026-01-05T12:00:00.123Z","level":"info","logger":"order","#
                    + #""msg":"bare","service":"order"}"# + "\n",
            ])
    }

    @Test("JSON gives back every message, key, value and label as it was", arguments: hostile)
    func jsonRoundTrip(text: String) throws {
        lines.logger(.json, label: text).info("\(text)", metadata: ["key \(text)": "\(text)"])
        let entry = try #require(try entries().first)
        #expect(entry.logger == text)
        #expect(entry.message == text)
        #expect(entry.metadata == ["key \(text)": text])
    }

    @Test(
        "Nothing in a message, key, value or label starts a new line or reaches the terminal",
        arguments: hostile)
    func injection(text: String) {
        for format in LogFormat.allCases {
            lines.logger(format, label: text).info(
                "\(text)", metadata: ["key \(text)": "\(text)", "list": [.string(text)]])
        }
        #expect(lines.text.count == 2)
        for line in lines.text {
            #expect(line.hasSuffix("\n"))
            let forbidden = line.unicodeScalars.dropLast().filter { scalar in
                scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
            }
            #expect(forbidden.isEmpty, "\(line.debugDescription)")
        }
    }

    @Test("Structured values become strings")
    func structured() throws {
        lines.logger(.json).info("x", metadata: ["list": ["a", "b"], "map": ["k": "v"]])
        #expect(try entries().first?.metadata == ["list": #"["a", "b"]"#, "map": #"["k": "v"]"#])
    }

    @Test("What is below the level isn't written, and what is at it or above is")
    func levels() throws {
        var logger = lines.logger(.json, level: .warning)
        for level in Logger.Level.allCases { logger.log(level: level, "x") }
        #expect(try entries().map(\.level) == ["warning", "error", "critical"])
        logger.logLevel = .trace
        logger.trace("now")
        #expect(try entries().last?.level == "trace")
    }

    @Test("The event's metadata wins over the provider's, which wins over the logger's")
    func precedence() throws {
        let provider = Logger.MetadataProvider { ["b": "provider", "c": "provider", "trace": "t-1"] }
        var logger = lines.logger(.json, provider: provider)
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "b"] = "logger"
        logger.info("x", metadata: ["c": "event"])
        #expect(
            try entries().first?.metadata == ["a": "logger", "b": "provider", "c": "event", "trace": "t-1"])
    }

    @Test("An error is logged in two metadata fields")
    func errors() throws {
        lines.logger(.json).error("payment failed", error: CardDeclined())
        let metadata = try #require(try entries().first?.metadata)
        #expect(metadata["error.message"] == "declined\nby the bank")
        #expect(metadata["error.type"]?.contains("CardDeclined") == true)
    }

    @Test("A copy of a logger keeps its level and metadata to itself")
    func valueSemantics() throws {
        var first = lines.logger(.json)
        first[metadataKey: "only"] = "first"
        var second = first
        second.logLevel = .error
        second[metadataKey: "only"] = "second"
        first.info("x")
        second.info("y")
        second.error("z")
        #expect(try entries().map(\.metadata) == [["only": "first"], ["only": "second"]])
    }

    @Test("A format is named by its word")
    func formatNames() {
        #expect(LogFormat(rawValue: "json") == .json)
        #expect(LogFormat(rawValue: "text") == .text)
        #expect(LogFormat(rawValue: "JSON") == nil)
    }
}
