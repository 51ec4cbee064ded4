import Contracts
import Foundation
import GRDB
import Storage

/// Incidents as JSON, and the alerts that belong to them.
enum IncidentTable {
    static let migration = Store.Migration(
        "incidents-1",
        """
        CREATE TABLE incidents (
            id TEXT NOT NULL PRIMARY KEY,
            status TEXT NOT NULL,
            cause TEXT NOT NULL,
            detected_at INTEGER NOT NULL,
            resolved_at INTEGER,
            is_counting INTEGER NOT NULL,
            document BLOB NOT NULL
        ) STRICT;
        CREATE INDEX incidents_status ON incidents (status, id);
        CREATE INDEX incidents_resolved ON incidents (resolved_at);
        CREATE INDEX incidents_counting ON incidents (is_counting, id);
        CREATE TABLE alerts (
            fingerprint TEXT NOT NULL PRIMARY KEY,
            incident_id TEXT NOT NULL,
            name TEXT NOT NULL,
            is_firing INTEGER NOT NULL,
            starts_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX alerts_firing ON alerts (is_firing, incident_id);
        """
    )

    /// - Parameter isCounting: whether its impact may still change; nil: as before. That of an open one may.
    static func save(_ database: Database, _ incident: Incident, isCounting: Bool? = nil) throws {
        let isCounting = incident.status.isOpen ? true : isCounting
        try database.run(
            """
            INSERT INTO incidents (id, status, cause, detected_at, resolved_at, is_counting, document)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, cause = excluded.cause,
                resolved_at = excluded.resolved_at, is_counting = coalesce(?, incidents.is_counting),
                document = excluded.document
            """,
            [
                incident.id, incident.status.rawValue, incident.cause, incident.detectedAt,
                incident.resolvedAt, isCounting ?? true, try JSON.encode(incident), isCounting,
            ])
    }

    static func incident(_ database: Database, _ id: String) throws -> Incident? {
        try database.row("SELECT document FROM incidents WHERE id = ?", [id]).map(decode)
    }

    /// Those that are open, and those that were resolved since `time`, the oldest first.
    static func current(_ database: Database, resolvedSince time: Timestamp) throws -> [Incident] {
        try database.rows(
            """
            SELECT document, id FROM incidents WHERE status IN ('detected', 'acknowledged', 'mitigated')
            UNION ALL SELECT document, id FROM incidents WHERE status = 'resolved' AND resolved_at >= ?
            ORDER BY id
            """, [time]
        ).map(decode)
    }

    static func open(_ database: Database) throws -> [Incident] {
        try database.rows(
            """
            SELECT document FROM incidents WHERE status IN ('detected', 'acknowledged', 'mitigated')
            ORDER BY id
            """
        ).map(decode)
    }

    /// Those whose impact may still change, the oldest first.
    static func counting(_ database: Database) throws -> [Incident] {
        try database.rows("SELECT document FROM incidents WHERE is_counting = 1 ORDER BY id").map(decode)
    }

    /// When the one before `incident` with the same cause ended.
    static func end(_ database: Database, before incident: Incident) throws -> Timestamp? {
        let row = try database.row(
            "SELECT max(resolved_at) FROM incidents WHERE cause = ? AND id < ?",
            [incident.cause, incident.id])
        return row.flatMap { $0[0] as Timestamp? }
    }

    /// Detected from `from` until before `to`, the oldest first.
    static func detected(_ database: Database, from: Timestamp, to: Timestamp) throws -> [Incident] {
        try database.rows(
            "SELECT document FROM incidents WHERE id >= ? AND id < ? ORDER BY id",
            [Identifier.first("inc_", at: from), Identifier.first("inc_", at: to)]
        ).map(decode)
    }

    /// Newest first.
    static func list(_ store: Store, status: Incident.Status?) -> KeysetList {
        KeysetList(
            store, "SELECT id, document FROM incidents", by: "id", .descending,
            where: ["status = ?": status?.rawValue]
        ) { _, row in
            let document: Data = row[1]
            return KeysetList.Item(bytes: document.count) { document }
        }
    }

    // MARK: Alerts

    /// The incident of a firing alert; nil where it isn't known to fire since that time.
    static func incident(
        _ database: Database, ofAlert fingerprint: String, since: Timestamp
    ) throws -> String? {
        try database.row(
            "SELECT incident_id FROM alerts WHERE fingerprint = ? AND starts_at = ?",
            [fingerprint, since])?[0]
    }

    static func keep(
        _ database: Database, alert fingerprint: String, name: String, since: Timestamp, isFiring: Bool,
        of incident: String
    ) throws {
        try database.run(
            """
            INSERT INTO alerts (fingerprint, incident_id, name, is_firing, starts_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (fingerprint) DO UPDATE SET incident_id = excluded.incident_id,
                is_firing = excluded.is_firing, starts_at = excluded.starts_at
            """,
            [fingerprint, incident, name, isFiring, since])
    }

    /// Forgets alerts that have ended before `time`, and answers how many are left.
    static func forgetAlerts(_ database: Database, before time: Timestamp) throws -> Int {
        try database.run("DELETE FROM alerts WHERE is_firing = 0 AND starts_at < ?", [time])
        return try database.row("SELECT count(*) FROM alerts")?[0] ?? 0
    }

    /// - Returns: the incident of the alert, if it was firing.
    static func end(_ database: Database, alert fingerprint: String, since: Timestamp) throws -> String? {
        try database.row(
            """
            UPDATE alerts SET is_firing = 0 WHERE fingerprint = ? AND starts_at <= ? AND is_firing = 1
            RETURNING incident_id
            """, [fingerprint, since])?[0]
    }

    /// The incidents that alerts which still fire belong to.
    static func firing(_ database: Database) throws -> Set<String> {
        try Set(database.rows("SELECT incident_id FROM alerts WHERE is_firing = 1").map { $0[0] })
    }

    private static func decode(_ row: Row) throws -> Incident {
        try JSON.decode(Incident.self, from: row[0])
    }
}
