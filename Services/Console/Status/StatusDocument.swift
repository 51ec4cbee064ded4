import Contracts
import StackView

/// How things are, for customers.
struct StatusDocument: Encodable, Sendable, Equatable {
    enum Level: String, Codable, Sendable, Comparable {
        case operational, degraded, outage

        private var rank: Int {
            switch self {
            case .operational: 0
            case .degraded: 1
            case .outage: 2
            }
        }

        static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    struct Component: Encodable, Sendable, Equatable {
        /// Of the service.
        var name: String
        var label: [String: String]
        var level: Level
    }

    struct Item: Encodable, Sendable, Equatable {
        struct Update: Encodable, Sendable, Equatable {
            var at: Timestamp
            var text: [String: String]
        }

        var id: String
        var level: Level
        /// What is affected.
        var affected: [String: String]
        /// What still works; empty once it is over.
        var works: [String: String]
        var since: Timestamp
        /// When there is news again at the latest; null once it is over.
        @Nullable var nextUpdateAt: Timestamp?
        @Nullable var resolvedAt: Timestamp?
        /// Newest first.
        var updates: [Update]
    }

    struct Day: Encodable, Sendable, Equatable {
        /// `2026-11-30`, UTC.
        var day: String
        /// Null: before the first look.
        @Nullable var level: Level?
        /// Of an incident that customers noticed.
        var minutes: Int
    }

    var at: Timestamp
    var level: Level
    /// What customers get now, by language.
    var sentence: [String: String]
    var components: [Component]
    /// Those that go on.
    var incidents: [Item]
    /// Those of the last two weeks that are over, newest first.
    var past: [Item]
    /// The last 90 days, the oldest first.
    var days: [Day]

    /// - Parameters:
    ///   - known: incidents of the last 90 days, the oldest first.
    ///   - since: since when the stack is watched; nil where no service ever answered.
    init(_ dashboard: Dashboard, _ sentence: Sentence, known: [Incident], since: Timestamp?) {
        let graph = PathGraph(dashboard.dependencies)
        let open = known.filter(\.status.isOpen)
        at = dashboard.at
        level = Level(sentence.level)
        self.sentence = ["en": sentence.en, "ko": sentence.ko]
        components = dashboard.services.map { service in
            let name = service.name.rawValue
            let isBroken =
                !service.state.isUp || open.contains { $0.cause == name && $0.status != .mitigated }
            return Component(
                name: name, label: StatusText.label(name),
                level: !isBroken ? .operational : name == graph.entry ? .outage : .degraded)
        }
        incidents = open.reversed().map { Item($0, entry: graph.entry) }
        let recent = dashboard.at.advanced(by: .seconds(-14 * 86_400))
        past = known.reversed().filter { !$0.status.isOpen && $0.detectedAt >= recent }.prefix(50)
            .map { Item($0, entry: graph.entry) }
        // Incidents may be older than the record of the first look.
        let first = ([since ?? dashboard.at] + known.map(\.startedAt)).min() ?? dashboard.at
        days = Self.days(known, since: first, until: dashboard.at, entry: graph.entry)
    }

    private static func days(
        _ incidents: [Incident], since first: Timestamp, until now: Timestamp, entry: String?
    ) -> [Day] {
        let day: Int64 = 86_400_000
        let today = now.milliseconds / day
        return (today - 89...today).map { index in
            let (start, end) = (index * day, (index + 1) * day)
            let isWatched = end > first.milliseconds
            var result = Day(
                day: Timestamp(milliseconds: start).day, level: isWatched ? .operational : nil, minutes: 0)
            for incident in incidents where incident.priority != .p3 {
                let until = (incident.mitigatedAt ?? incident.resolvedAt ?? now).milliseconds
                let overlap = min(until, end) - max(incident.startedAt.milliseconds, start)
                guard overlap > 0 else { continue }
                result.level = max(result.level ?? .operational, .init(incident, entry: entry))
                result.minutes += Int((overlap + 59_999) / 60_000)
            }
            result.minutes = min(result.minutes, 1440)
            return result
        }
    }
}

extension StatusDocument.Level {
    fileprivate init(_ level: Sentence.Level) {
        self =
            switch level {
            case .ok: .operational
            case .degraded: .degraded
            case .outage: .outage
            }
    }

    fileprivate init(_ incident: Incident, entry: String?) {
        self = incident.cause == entry && incident.priority == .p1 ? .outage : .degraded
    }
}

extension StatusDocument.Item {
    /// How long customers wait for news, by priority.
    private static let pace: [Incident.Priority: Duration] = [
        .p1: .seconds(1800), .p2: .seconds(7200), .p3: .seconds(86_400),
    ]

    fileprivate init(_ incident: Incident, entry: String?) {
        id = incident.id
        level = .init(incident, entry: entry)
        let affected = StatusText.affected(incident)
        self.affected = incident.status.isOpen ? affected : StatusText.then(affected)
        works = incident.status.isOpen ? StatusText.works(incident, isEntry: incident.cause == entry) : [:]
        since = incident.startedAt
        resolvedAt = incident.resolvedAt
        let impact = incident.impact
        let isMadeGood = impact.ordersDegraded > 0 && impact.ordersMadeGood == impact.ordersDegraded
        let told = incident.timeline.compactMap { entry in
            StatusText.update(entry, affected, isMadeGood: isMadeGood).map { Update(at: entry.at, text: $0) }
        }
        updates = told.reversed()
        let last = updates.first?.at ?? incident.detectedAt
        nextUpdateAt =
            incident.status.isOpen ? last.advanced(by: Self.pace[incident.priority] ?? .seconds(7200)) : nil
    }
}
