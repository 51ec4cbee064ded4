import Foundation

/// A point of wall-clock time, in whole milliseconds since 1970; on the wire `2026-01-05T12:00:00.123Z` (RFC
/// 3339, UTC).
///
/// Wall-clock time is only stored, shown and compared with other stored times; durations are measured
/// monotonically.
package struct Timestamp: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package func advanced(by duration: Duration) -> Timestamp {
        Timestamp(milliseconds: milliseconds + duration.wholeMilliseconds)
    }

    /// Negative if `other` is earlier.
    package func seconds(to other: Timestamp) -> Double { Double(other.milliseconds - milliseconds) / 1000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package var description: String { Self.format.format(date) }

    package init?(_ text: String) {
        guard let date = (try? Self.format.parse(text)) ?? (try? Self.wholeSeconds.parse(text)) else {
            return nil
        }
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let timestamp = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be an RFC 3339 time in UTC")
        }
        self = timestamp
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Half a millisecond on: the format truncates, and a binary fraction may lie just below the millisecond.
    private var date: Date { Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000) }
    private static let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let wholeSeconds = Date.ISO8601FormatStyle()
}
