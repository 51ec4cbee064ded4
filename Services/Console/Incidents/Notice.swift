import Contracts
import Foundation

/// What people are told of an incident, as the queue keeps it until it is sent.
struct NoticeMessage: Codable, Sendable {
    var id: String
    var kind: Incident.Notice.Kind
    var text: String
    var incident: String
    var priority: Incident.Priority
    var status: Incident.Status
    var title: String
    var at: Timestamp
    var link: String
}

/// Which changes people are told of, each once.
struct NoticePlan: Sendable {
    /// What comes and goes is told of once in this time.
    static let repeats: Duration = .seconds(600)

    /// Of the console, as people reach it.
    var link: String
    /// `webhook`, or `log` where there is none.
    var channel: String

    /// Adds to the incident what is to be told, and answers it.
    func notices(_ before: Incident?, _ incident: inout Incident, at now: Timestamp) -> [NoticeMessage] {
        kinds(before, incident, at: now).map { kind, words in
            let text = "\(incident.priority.rawValue) \(words): \(incident.title)"
            incident.notices.append(
                Incident.Notice(at: now, kind: kind, channel: channel, text: text))
            return NoticeMessage(
                id: "\(incident.id):\(incident.notices.count)", kind: kind, text: text, incident: incident.id,
                priority: incident.priority, status: incident.status, title: incident.title, at: now,
                link: "\(link)/incidents/\(incident.id)")
        }
    }

    private func kinds(
        _ before: Incident?, _ incident: Incident, at now: Timestamp
    ) -> [(Incident.Notice.Kind, String)] {
        guard let before else { return [(.opened, "incident, level 1")] }
        var kinds: [(Incident.Notice.Kind, String)] = incident.escalations.dropFirst(before.escalations.count)
            .map { (.escalated, "level \($0.level), \($0.to), \($0.reason)") }
        if incident.priority < before.priority { kinds.append((.urgent, "more urgent now")) }
        if incident.status == .resolved, before.status.isOpen { kinds.append((.resolved, "resolved")) }
        let wasOver = before.status == .resolved || before.status == .mitigated
        if wasOver, incident.status == .detected || incident.status == .acknowledged {
            let last = incident.notices.last { $0.kind == .recurred }?.at
            if last.map({ $0.advanced(by: Self.repeats) <= now }) ?? true {
                kinds.append((.recurred, "again"))
            }
        }
        return kinds
    }
}
