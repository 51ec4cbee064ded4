package import Logging

/// The format of a log line.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-05T12:00:00.123Z info order: message key=value key="quoted value"`, for people.
    case text
    /// `{"ts":"…","level":"info","logger":"order","msg":"…","service":"order","key":"value"}`, for programs.
    case json
}

/// Takes one finished line, with its line feed. Called from any thread.
package typealias LineSink = @Sendable (_ line: [UInt8]) -> Void

/// A log handler that turns each event into exactly one line, by default on standard output:
///
///     LoggingSystem.bootstrap { LineLogHandler(label: $0, format: .json, level: .info) }
///
/// Line breaks and control characters in messages and metadata are escaped, so that no client can forge a
/// line. Metadata values are strings, sorted by key; the event's own win over the provider's, which win over
/// the logger's. An error adds `error.message` and `error.type`. In JSON a key that is one of the line's own
/// gets a `_` at its end.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// The members of a JSON line that aren't metadata.
    private static let own: Set = ["ts", "level", "logger", "msg", "service"]

    private let label: String
    private let service: String
    private let format: LogFormat
    private let sink: LineSink
    private let now: @Sendable () -> LogTime

    /// - Parameters:
    ///   - service: Of the process; by default the label.
    ///   - level: The least severe level that is logged.
    ///   - metadataProvider: Asked at every event; by default the logging system's.
    package init(
        label: String,
        service: String? = nil,
        format: LogFormat,
        level: Logger.Level,
        metadataProvider: Logger.MetadataProvider? = LoggingSystem.metadataProvider,
        sink: @escaping LineSink = LineWriter.standardOutput.emit,
        now: @escaping @Sendable () -> LogTime = { LogTime.now() }
    ) {
        self.label = label
        self.service = service ?? label
        self.format = format
        self.logLevel = level
        self.metadataProvider = metadataProvider
        self.sink = sink
        self.now = now
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let pairs = allMetadata(of: event).sorted { $0.key < $1.key }
        var line = TextBuffer()
        switch format {
        case .text:
            line.append(now())
            line.append(" \(event.level.rawValue) ")
            line.appendEscaped(label)
            line.append(": ")
            line.appendEscaped(event.message.description)
            for (key, value) in pairs {
                line.append(" ")
                line.appendWord(key)
                line.append("=")
                line.appendWord(value.description)
            }
        case .json:
            line.append("{\"ts\":\"")
            line.append(now())
            line.append("\",\"level\":\"\(event.level.rawValue)\",\"logger\":")
            line.appendQuoted(label)
            line.append(",\"msg\":")
            line.appendQuoted(event.message.description)
            line.append(",\"service\":")
            line.appendQuoted(service)
            for (key, value) in pairs {
                line.append(",")
                line.appendQuoted(Self.own.contains(key) ? key + "_" : key)
                line.append(":")
                line.appendQuoted(value.description)
            }
            line.append("}")
        }
        line.append("\n")
        sink(line.bytes)
    }

    private func allMetadata(of event: LogEvent) -> Logger.Metadata {
        var all = metadata
        if let provided = metadataProvider?.get() {
            all.merge(provided) { _, provided in provided }
        }
        if let own = event.metadata {
            all.merge(own) { _, own in own }
        }
        if let error = event.error {
            all["error.message"] = "\(error)"
            all["error.type"] = "\(String(reflecting: type(of: error)))"
        }
        return all
    }
}
