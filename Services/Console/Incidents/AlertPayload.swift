import Contracts
import Foundation
import Transport

/// What Alertmanager's webhook sends, version 4
/// (prometheus.io/docs/alerting/latest/configuration/#webhook_config), as far as it is used.
struct AlertPayload: Decodable, Sendable {
    struct Alert: Decodable, Sendable {
        /// `firing` or `resolved`.
        var status: String
        var labels: [String: String]
        var annotations: [String: String]?
        var startsAt: PreciseTime
        /// The same for an alert as long as its labels are.
        var fingerprint: String
    }

    var version: String
    var alerts: [Alert]
    /// How many were left out.
    var truncatedAlerts: Int?

    func validate(_ check: inout FieldCheck) {
        check(version == "4", "/version", "must be 4")
        check((truncatedAlerts ?? 0) >= 0, "/truncatedAlerts", "must not be negative")
        for (index, alert) in alerts.enumerated() {
            check(
                ["firing", "resolved"].contains(alert.status), "/alerts/\(index)/status",
                "must be firing or resolved")
            check.text(alert.fingerprint, "/alerts/\(index)/fingerprint")
            check.text(alert.labels["alertname"] ?? "", "/alerts/\(index)/labels/alertname")
        }
    }
}

extension AlertPayload.Alert {
    var isFiring: Bool { status == "firing" }
    var name: String { labels["alertname"] ?? "" }
    var since: Timestamp { startsAt.time }

    /// It points to the dependency that it names, else to its service. The label `cause: below` says that
    /// what broke may lie below that one.
    func symptom(_ graph: PathGraph) -> Symptom {
        let named = (labels["dependency"] ?? labels["service"]).map { $0.excerpt() }
        let summary = annotations?["summary"].map { ": \($0.excerpt(200))" } ?? ""
        return Symptom(
            kind: .alert, service: named ?? graph.entry ?? "unknown",
            priority: Incident.Priority(rawValue: labels["priority"] ?? "") ?? .p2,
            text: "\(name.excerpt())\(summary)",
            alert: (name: name, isEffect: named == nil || labels["cause"] == "below"))
    }
}

/// A time as Go writes it: up to nine digits of a second, and any offset.
struct PreciseTime: Decodable, Sendable {
    let time: Timestamp

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Self.read(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be an RFC 3339 time")
        }
        self.time = time
    }

    private static func read(_ text: String) -> Timestamp? {
        let form = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)/
        guard let match = text.wholeMatch(of: form),
            let start = Timestamp("\(match.1)Z")
        else { return nil }
        let fraction = Int64("\(match.2 ?? "")000".prefix(3)) ?? 0
        var offset: Int64 = 0
        if match.3 != "Z", let hours = Int64(match.3.dropFirst().prefix(2)),
            let minutes = Int64(match.3.suffix(2))
        {
            offset = (hours * 60 + minutes) * 60_000 * (match.3.first == "-" ? -1 : 1)
        }
        return Timestamp(milliseconds: start.milliseconds + fraction - offset)
    }
}
