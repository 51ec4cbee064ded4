import Contracts
import Foundation
import Runtime
import Yams

/// Who is called when an incident isn't acknowledged, or costs too much: `Deploy/oncall.yaml`.
struct OnCall: Codable, Sendable, Hashable {
    struct Level: Codable, Sendable, Hashable {
        /// `on-call engineer`.
        var name: String
        /// How to reach them, in words.
        var contact: String?
    }

    /// An incident that costs more than one of these goes to the next level at once.
    struct Thresholds: Codable, Sendable, Hashable {
        var ordersRefused: Int?
        var ordersDelayed: Int?
        var customers: Int?
        /// Minor units.
        var revenueDelayed: Int?

        /// What is exceeded, in words; nil: nothing.
        func exceeded(by impact: Incident.Impact) -> String? {
            func over(_ count: Int, _ bound: Int?, _ words: String) -> String? {
                bound.flatMap { count > $0 ? "\(count) \(words), more than \($0)" : nil }
            }
            return over(impact.ordersRefused, ordersRefused, "orders refused")
                ?? over(impact.ordersDelayed, ordersDelayed, "orders delayed")
                ?? over(impact.customers, customers, "customers affected")
                ?? over(impact.revenueDelayed, revenueDelayed, "minor units delayed")
        }
    }

    /// Level 1 first.
    var levels: [Level]
    var impact: Thresholds?

    /// Where there is no file.
    static let unnamed = OnCall(levels: ["level 1", "level 2", "level 3"].map { Level(name: $0) })

    /// 64 KiB: what is longer is none of ours.
    private static let longest = 65_536

    /// - Throws: ``StartError`` that says what is wrong with it.
    static func read(_ path: String) throws -> OnCall {
        func refuse(_ why: String) -> StartError {
            StartError(.configuration, "ONCALL_FILE \(path): \(why)")
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw refuse("can't be read") }
        guard data.count <= longest else { throw refuse("has more than 64 KiB") }
        let onCall: OnCall
        do {
            onCall = try YAMLDecoder().decode(OnCall.self, from: data)
        } catch {
            throw refuse("\(error)".replacing("\n", with: " "))
        }
        guard (1...9).contains(onCall.levels.count) else { throw refuse("levels must be 1 to 9") }
        guard onCall.levels.allSatisfy({ !$0.name.isEmpty }) else { throw refuse("a level has no name") }
        return onCall
    }
}

/// When an incident goes to the next level.
struct Escalation: Sendable {
    var onCall: OnCall
    /// Until an unacknowledged incident goes to the next level; a priority that isn't in it doesn't.
    var after: [Incident.Priority: Duration]

    /// Escalates an incident if it is time, or if it costs too much. Once a step: the step after it is
    /// counted from there.
    func apply(to incident: inout Incident, at now: Timestamp) {
        guard incident.status.isOpen, incident.level < onCall.levels.count else { return }
        if let reason = onCall.impact?.exceeded(by: incident.impact),
            !incident.escalations.contains(where: \.isForImpact)
        {
            return escalate(&incident, reason, by: Incident.console, isForImpact: true, at: now)
        }
        guard incident.status == .detected, let after = after[incident.priority] else { return }
        let last = incident.escalations.last?.at ?? incident.detectedAt
        guard last.advanced(by: after) <= now else { return }
        let minutes = max(1, Int(after.components.seconds / 60))
        escalate(
            &incident, "not acknowledged for \(minutes) min", by: Incident.console, isForImpact: false,
            at: now)
    }

    func escalate(
        _ incident: inout Incident, _ reason: String, by: String, isForImpact: Bool, at now: Timestamp
    ) {
        let level = min(incident.level + 1, onCall.levels.count)
        let to = onCall.levels[level - 1].name
        incident.escalations.append(
            Incident.Escalation(at: now, level: level, to: to, reason: reason, isForImpact: isForImpact))
        incident.add(.escalated, "level \(level), \(to): \(reason)", by: by, at: now)
    }
}

extension Incident {
    /// Whom it is with: 1 is the first that is called.
    var level: Int { escalations.last?.level ?? 1 }
}
