import Contracts
import StackView

/// An incident of the console, as far as the command line prints it.
struct IncidentReport: Codable, Sendable {
    struct Impact: Codable, Sendable, Equatable {
        var ordersDegraded: Int
        var ordersRefused: Int
        var ordersDelayed: Int
        var ordersMadeGood: Int
        var customers: Int
        var revenueDelayedByCurrency: [String: Int]
    }

    struct Entry: Codable, Sendable {
        var at: Timestamp
        var kind: String
        var text: String
        var by: String
    }

    var id: String
    var title: String
    var priority: String
    var status: String
    var cause: String
    var startedAt: Timestamp
    var detectedAt: Timestamp
    var acknowledgedAt: Timestamp?
    var mitigatedAt: Timestamp?
    var resolvedAt: Timestamp?
    var impact: Impact
    var timeline: [Entry]
    var symptoms: [String]

    var line: String {
        [
            id, priority, Terminal.column(status, 12), "\(startedAt)", Terminal.column(cause, 12), title,
        ].joined(separator: "  ")
    }

    /// - Parameter option: names the stack in commands.
    func text(option: String) -> String {
        let times: [(String, Timestamp?)] = [
            ("started", startedAt), ("detected", detectedAt), ("acknowledged", acknowledgedAt),
            ("mitigated", mitigatedAt), ("resolved", resolvedAt),
        ]
        let money = impact.revenueDelayedByCurrency.sorted { $0.key < $1.key }
            .map { ", \(Terminal.money($0.value, $0.key)) delayed" }.joined()
        return
            ([
                "\(priority) \(title)", "",
                "  \(Terminal.column("status", 14))\(status)", "  \(Terminal.column("cause", 14))\(cause)",
            ]
            + times.compactMap { name, at in at.map { "  \(Terminal.column(name, 14))\($0)" } }
            + [
                "",
                "  \(impact.ordersDegraded) orders degraded (\(impact.ordersMadeGood) made good), "
                    + "\(impact.ordersDelayed) delayed, \(impact.ordersRefused) refused, "
                    + "\(impact.customers) customers\(money)",
                "", "Its timeline:",
            ]
            + timeline.map { "  \($0.at)  \(Terminal.column($0.kind, 12))  \($0.text) (\($0.by))" }
            + next(option))
            .joined(separator: "\n")
    }

    /// What to do about one that is open.
    private func next(_ option: String) -> [String] {
        guard resolvedAt == nil else { return [] }
        let acknowledge = acknowledgedAt == nil ? ["  csp incident ack \(id)\(option)"] : []
        return ["", "Next:"] + acknowledge
            + Runbook.files(symptoms, priority: priority).map { "  read \($0)" }
    }
}
