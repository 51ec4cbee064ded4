import Contracts
import StackView

/// What there is to learn from an incident, as Markdown: filled in from the record; what only people know is
/// marked as theirs to write.
struct Postmortem {
    private let incident: Incident
    private let language: Language
    private let words: PostmortemWords

    init(_ incident: Incident, _ language: Language) {
        self.incident = incident
        self.language = language
        words = language == .ko ? .korean : .english
    }

    var text: String {
        ([header, summary, impact, detection, rootCause, resolution, lessons, whys, actions, timeline, links])
            .map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private var header: [String] {
        [
            "# \(incident.priority.rawValue) \(Self.escaped(incident.title))", "",
            "| | |", "|---|---|",
            row(words.id, incident.id),
            row(words.date, incident.startedAt.day),
            row(words.duration, duration),
            row(words.author, words.toWrite),
            row(words.status, words.statuses[incident.status] ?? incident.status.rawValue),
            row(
                words.severity,
                "\(incident.priority.rawValue) – \(words.severities[incident.priority] ?? "")"),
            row(words.startedAt, time(incident.startedAt)),
            row(words.detectedAt, "\(time(incident.detectedAt)) (\(incident.detectedBy))"),
            row(words.acknowledgedAt, time(incident.acknowledgedAt)),
            row(words.mitigatedAt, time(incident.mitigatedAt)),
            row(words.resolvedAt, time(incident.resolvedAt)),
        ]
    }

    private var summary: [String] {
        let told =
            incident.effect[language.rawValue] ?? incident.timeline.first { $0.kind == .customers }?.text
        return [
            "## \(words.summary)", "",
            words.sentence(Self.escaped(incident.title), incident.cause, duration),
        ] + (told.map { ["", words.customersGot(Self.escaped($0))] } ?? []) + ["", words.toWrite]
    }

    private var impact: [String] {
        let impact = incident.impact
        let money = impact.revenueDelayedByCurrency.sorted { $0.key < $1.key }
            .map { "\(Self.money($0.value)) \($0.key)" }.joined(separator: ", ")
        return [
            "## \(words.impact)", "", "| | |", "|---|--:|",
            row(words.ordersDegraded, "\(impact.ordersDegraded)"),
            row(words.ordersDelayed, "\(impact.ordersDelayed)"),
            row(words.ordersRefused, "\(impact.ordersRefused)"),
            row(words.ordersLost, "\(impact.ordersLost)"),
            row(words.madeGood, "\(impact.ordersMadeGood) / \(impact.ordersDegraded)"),
            row(words.customers, "\(impact.customers)"),
            row(words.revenueDelayed, money.isEmpty ? "0" : money),
            row(words.services, incident.services.map(Self.escaped).joined(separator: ", ")),
        ]
    }

    private var detection: [String] {
        let seconds = incident.startedAt.seconds(to: incident.detectedAt)
        return [
            "## \(words.detection)", "",
            words.detected(incident.detectedBy, words.time(seconds)),
        ]
            + incident.timeline.filter { $0.kind == .symptom || $0.kind == .alert }.prefix(10)
            .map { "- \(time($0.at)) \(Self.escaped($0.text))" }
    }

    private var rootCause: [String] {
        let cause = words.causeIs(Self.escaped(incident.cause), incident.isCauseAssumed)
        var lines = ["## \(words.rootCause)", "", cause]
        if let change = incident.lastChange {
            lines += ["", words.changed(time(change.at), Self.escaped(change.text))]
        }
        return lines + ["", words.toWrite]
    }

    private var resolution: [String] {
        let steps = incident.timeline.filter {
            [.acknowledged, .mitigated, .recurred, .resolved, .reopened, .note].contains($0.kind)
                || ($0.kind == .change && $0.at > incident.detectedAt)
        }
        return ["## \(words.resolution)", ""]
            + steps.map { "- \(time($0.at)) \(Self.escaped($0.text)) (\(Self.escaped($0.by)))" }
            + ["", words.toWrite]
    }

    private var lessons: [String] {
        let known = words.known(incident)
        return [
            "## \(words.lessons)", "", "### \(words.wentWell)", "",
        ] + known.well.map { "- \($0)" } + ["- \(words.toWrite)", "", "### \(words.wentBadly)", ""]
            + known.badly.map { "- \($0)" }
            + ["- \(words.toWrite)", "", "### \(words.byLuck)", "", "- \(words.toWrite)"]
    }

    private var whys: [String] {
        let known = words.chain(incident)
        return ["## \(words.whys)", ""]
            + (0..<5).map { index in
                "\(index + 1). "
                    + (known.indices.contains(index) ? Self.escaped(known[index]) : words.toWrite)
            }
    }

    private var actions: [String] {
        ["## \(words.prevention)", "", columns(words.actionColumns), "|---|---|---|---|"]
            + incident.actions.map { action in
                columns([
                    Self.escaped(action.text), Self.escaped(action.owner), action.due,
                    action.closedAt.map { "\(words.done) \($0.day)" } ?? words.open,
                ])
            } + (incident.actions.isEmpty ? [columns([words.toWrite, "", "", ""])] : [])
    }

    private var timeline: [String] {
        ["## \(words.timeline)", "", columns(words.timelineColumns), "|---|---|---|---|"]
            + incident.timeline.sorted { $0.at < $1.at }.map {
                columns([time($0.at), $0.kind.rawValue, Self.escaped($0.text), Self.escaped($0.by)])
            }
    }

    private var links: [String] {
        [
            "## \(words.links)", "", "- /incidents/\(incident.id)", "- /api/incidents/\(incident.id)",
        ]
            + Runbook.files(incident.symptoms, priority: incident.priority.rawValue)
            .map { "- \(Self.escaped($0))" }
    }

    private var duration: String {
        guard let end = incident.mitigatedAt ?? incident.resolvedAt else { return words.goesOn }
        return words.time(incident.startedAt.seconds(to: end))
    }

    private func row(_ name: String, _ value: String) -> String { columns([name, value]) }

    private func columns(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }

    private func time(_ time: Timestamp?) -> String { time.map(\.description) ?? "–" }

    private static func money(_ minor: Int) -> String {
        "\(minor / 100).\(String(minor % 100 + 100).dropFirst())"
    }

    /// What people and alerts wrote must not become Markdown of its own.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            if character.isNewline {
                escaped.append(" ")
            } else {
                if #"\`*_[]<>|#"#.contains(character) { escaped.append("\\") }
                escaped.append(character)
            }
        }
    }
}
