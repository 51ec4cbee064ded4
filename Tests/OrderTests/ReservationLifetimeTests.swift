import Contracts
import Foundation
import Logging
import TestSupport
import Testing

@testable import OrderService

@Suite("Reservations that end too early")
struct ReservationLifetimeTests {
    private struct Lines: LogHandler {
        let lines: Recorded<String>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add("\(event.message)") }
    }

    @Test("are logged once, naming both settings, unless they outlive the order or were committed")
    func told() {
        let lines = Recorded<String>()
        let now = Timestamp(milliseconds: 1_767_600_000_000)
        let lifetime = ReservationLifetime(
            acceptedMaxAge: .seconds(100), logger: Logger(label: "order") { _ in Lines(lines: lines) })
        func check(_ status: ReservationStatus, _ seconds: Int) {
            lifetime.check(
                Reservation(
                    orderId: "o", items: [], status: status, currency: "USD",
                    expiresAt: now.advanced(by: .seconds(seconds))),
                at: now)
        }
        check(.reserved, 100)
        check(.committed, 99)
        #expect(lines.all.isEmpty)
        check(.reserved, 99)
        check(.reserved, 1)
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("RESERVATION_TTL is to be longer than ACCEPTED_MAX_AGE") == true)
    }
}
