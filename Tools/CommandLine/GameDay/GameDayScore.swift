import Contracts

/// How a game day went. Seconds are from the fault; nil: it did not happen.
struct GameDayScore: Codable {
    var seed: UInt64
    /// Of the fault.
    var startedAt: Timestamp
    /// What it was.
    var fault: String
    var incident: String?
    /// By the console.
    var detectedSeconds: Double?
    /// By the player.
    var acknowledgedSeconds: Double?
    /// The service is back, and its faults are gone.
    var mendedSeconds: Double?
    /// Every order is as usual.
    var recoveredSeconds: Double?
    var ordersDegraded: Int?
    var ordersRefused: Int?
    /// Of 100.
    var points = 0
    var postmortem: String?

    init(seed: UInt64, startedAt: Timestamp, fault: String) {
        self.seed = seed
        self.startedAt = startedAt
        self.fault = fault
    }

    var isMended: Bool { mendedSeconds != nil }

    /// - Parameter report: what the console recorded; nil: nothing.
    mutating func add(_ report: IncidentReport?) {
        func seconds(_ time: Timestamp) -> Double { startedAt.seconds(to: time).rounded(places: 1) }
        if let report {
            incident = report.id
            detectedSeconds = seconds(report.detectedAt)
            acknowledgedSeconds = report.acknowledgedAt.map(seconds)
            ordersDegraded = report.impact.ordersDegraded
            ordersRefused = report.impact.ordersRefused
        }
        points =
            Self.points(detectedSeconds, most: 20, good: 15, bad: 120)
            + Self.points(acknowledgedSeconds, most: 30, good: 60, bad: 600)
            + Self.points(recoveredSeconds, most: 50, good: 120, bad: 900)
    }

    /// All of `most` up to `good` seconds, nothing from `bad` on, and in proportion between.
    static func points(_ seconds: Double?, most: Int, good: Double, bad: Double) -> Int {
        guard let seconds else { return 0 }
        let share = min(1, max(0, (bad - seconds) / (bad - good)))
        return Int((Double(most) * share).rounded())
    }

    /// - Parameters:
    ///   - option: names the stack in commands.
    ///   - file: where the score was written.
    func text(option: String, file: String) -> String {
        func line(_ name: String, _ seconds: Double?) -> String {
            let words = seconds.map { "after \($0.formattedWithoutZeros) s" } ?? "never"
            return "  \(Terminal.column(name, 16))\(words)"
        }
        func count(_ orders: Int?) -> String { orders.map(String.init) ?? "not known" }
        return
            ([
                "It was: \(fault) (seed \(seed)).", line("detected", detectedSeconds),
                line("acknowledged", acknowledgedSeconds), line("mended", mendedSeconds),
                line("recovered", recoveredSeconds),
            ]
            + [
                "  orders degraded: \(count(ordersDegraded)), refused: \(count(ordersRefused))",
                "  \(points) of 100 points: 20 for detection, 30 for acknowledgement, 50 for recovery",
                "\(file) has the score.",
            ]
            + (incident.map { ["csp incident postmortem \($0)\(option) has the post-mortem to complete."] }
                ?? []))
            .joined(separator: "\n")
    }
}
