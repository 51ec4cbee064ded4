import Contracts
import GRDB
import Queue
import Storage

/// The incidents on disk, in the console's verbs: each is one transaction.
struct IncidentStore: Sendable {
    /// As many may be open; what would open another is refused.
    static let mostOpen = 100
    /// As many alerts are remembered.
    static let mostAlerts = 10_000
    /// An alert that has ended is remembered this long.
    private static let remembered: Duration = .seconds(7 * 86_400)

    struct TooMany: Error {}

    let store: Store
    let queue: DurableQueue
    let notices: NoticePlan
    let escalation: Escalation

    func incident(_ id: String) async throws -> Incident? {
        try await store.read { try IncidentTable.incident($0, id) }
    }

    /// The oldest first.
    func open() async throws -> [Incident] {
        try await store.read { try IncidentTable.open($0) }
    }

    /// Newest first.
    func list(status: Incident.Status?) -> KeysetList { IncidentTable.list(store, status: status) }

    /// Detected from `from` until before `to`, the oldest first.
    func detected(from: Timestamp, to: Timestamp) async throws -> [Incident] {
        try await store.read { try IncidentTable.detected($0, from: from, to: to) }
    }

    /// - Throws: ``TooMany``.
    func open(_ incident: Incident) async throws -> IncidentChange {
        try await store.write("incident") { database in
            guard try IncidentTable.open(database).count < Self.mostOpen else { throw TooMany() }
            return try save(database, nil, incident, at: incident.detectedAt)
        }
    }

    /// Changes an incident; nil where there is none.
    func change(
        _ id: String, at now: Timestamp, _ change: @escaping @Sendable (inout Incident) throws -> Void
    ) async throws -> IncidentChange? {
        try await store.write("incident") { database in
            guard let before = try IncidentTable.incident(database, id) else { return nil }
            var incident = before
            try change(&incident)
            return try save(database, before, incident, at: now)
        }
    }

    /// Opens, changes and resolves incidents by what is wrong now; answers those that changed, with what they
    /// were before.
    func observe(
        _ observation: Observation, sentence: String, changes: [Incident.Entry], refused: [Refusals.Count]
    ) async throws -> [IncidentChange] {
        let since = observation.at.advanced(by: .zero - IncidentGrouping.consequences)
        // Most of the time there is nothing, and nothing to write.
        if observation.present.isEmpty {
            guard try await !open().isEmpty else { return [] }
        }
        return try await store.write("incidents") { database in
            let before = try IncidentTable.current(database, resolvedSince: since)
            var grouping = IncidentGrouping(
                observation, before, sentence: sentence, changes: changes,
                makeId: { Identifier.make("inc_", at: observation.at) })
            try grouping.apply(alerts: IncidentTable.firing(database))
            grouping.count(refused)
            grouping.escalate(escalation)
            return try save(database, grouping.incidents, before: before, at: observation.at)
        }
    }

    /// Adds alerts to the incidents that they belong to, or opens one. One that was told before changes
    /// nothing.
    /// - Parameter leftOut: how many alerts came with them and are not listed.
    func receive(
        _ alerts: [AlertPayload.Alert], leftOut: Int, seen observation: Observation, sentence: String,
        changes: [Incident.Entry]
    ) async throws -> [IncidentChange] {
        try await store.write("alerts") { database in
            let now = observation.at
            let known = try IncidentTable.forgetAlerts(
                database, before: now.advanced(by: .zero - Self.remembered))
            guard known + alerts.count <= Self.mostAlerts else { throw TooMany() }
            let since = now.advanced(by: .zero - IncidentGrouping.consequences)
            let before = try IncidentTable.current(database, resolvedSince: since)
            var grouping = IncidentGrouping(
                observation, before, sentence: sentence, changes: changes,
                makeId: { Identifier.make("inc_", at: now) })
            var last: String?
            for alert in alerts {
                guard alert.isFiring else {
                    if let id = try IncidentTable.end(database, alert: alert.fingerprint, since: alert.since)
                    {
                        grouping.end(alert: alert.name, of: id)
                    }
                    continue
                }
                last = try IncidentTable.incident(database, ofAlert: alert.fingerprint, since: alert.since)
                guard last == nil else { continue }
                let id = try grouping.place(alert: alert.symptom(observation.graph), since: alert.since)
                try IncidentTable.keep(
                    database, alert: alert.fingerprint, name: alert.name, since: alert.since,
                    isFiring: true, of: id)
                last = id
            }
            if leftOut > 0, let last { grouping.note(leftOut: leftOut, of: last) }
            guard grouping.incidents.count(where: \.status.isOpen) <= Self.mostOpen else { throw TooMany() }
            return try save(database, grouping.incidents, before: before, at: observation.at)
        }
    }

    private func save(
        _ database: Database, _ incidents: [Incident], before: [Incident], at now: Timestamp
    ) throws -> [IncidentChange] {
        let known = Dictionary(uniqueKeysWithValues: before.map { ($0.id, $0) })
        return try incidents.filter { known[$0.id] != $0 }.map {
            try save(database, known[$0.id], $0, at: now)
        }
    }

    /// With the notices of what has changed.
    private func save(
        _ database: Database, _ before: Incident?, _ changed: Incident, at now: Timestamp
    ) throws -> IncidentChange {
        var incident = changed
        for notice in notices.notices(before, &incident, at: now) where notices.channel == "webhook" {
            try queue.enqueue(
                database, lane: SendNotice.lane, kind: SendNotice.kind, key: notice.id,
                payload: JSON.encode(notice), once: notice.id)
        }
        try IncidentTable.save(database, incident)
        return IncidentChange(before: before, incident)
    }

    // MARK: Impact

    /// Those whose impact may still change, each with the time before which orders belong to another one.
    func counting() async throws -> [(incident: Incident, floor: Timestamp?)] {
        try await store.read { database in
            try IncidentTable.counting(database).map { ($0, try IncidentTable.end(database, before: $0)) }
        }
    }

    /// - Parameter isFinal: nothing of it can change any more.
    func save(_ counted: ImpactCount, of id: String, isFinal: Bool) async throws {
        try await store.write("impact") { database in
            guard var incident = try IncidentTable.incident(database, id) else { return }
            incident.set(counted)
            try IncidentTable.save(database, incident, isCounting: !isFinal)
        }
    }
}

/// An incident that is new, or was changed.
struct IncidentChange: Sendable {
    /// Nil: it is new.
    var before: Incident?
    var incident: Incident

    init(before: Incident?, _ incident: Incident) {
        self.before = before
        self.incident = incident
    }
}
