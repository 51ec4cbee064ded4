import Foundation
import Testing

@testable import Telemetry

@Suite struct LogTimeTests {
    private func text(_ timestamp: LogTime) -> String {
        var bytes: [UInt8] = []
        timestamp.write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "Days around leap days, centuries and the epoch are spelt right",
        arguments: [
            (0, "1970-01-01T00:00:00.007Z"), (-1, "1969-12-31T23:59:59.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (951_868_800, "2000-03-01T00:00:00.007Z"), (1_767_614_400, "2026-01-05T12:00:00.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ])
    func known(seconds: Int, expected: String) {
        #expect(text(LogTime(seconds: seconds, milliseconds: 7)) == expected)
    }

    @Test("Times over two centuries agree with Foundation's formatter")
    func agreesWithFoundation() {
        for seconds in stride(from: -1_000_000_000, to: 6_000_000_000, by: 3_333_337) {
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            let expected = date.formatted(
                .iso8601.time(includingFractionalSeconds: true).year().month().day())
            let ours = text(LogTime(seconds: seconds))
            #expect(ours.dropLast() == expected.prefix(23))
        }
    }
}
