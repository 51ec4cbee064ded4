import Contracts
import Foundation

/// How soon incidents were noticed, acknowledged and ended, and how often there are any. Means of those that
/// have the time in question; null where none has.
struct IncidentMetrics: Encodable {
    struct Means: Encodable {
        var count = 0
        /// From the start to the detection.
        @Nullable var mttdSeconds: Double?
        /// From the detection to the acknowledgement.
        @Nullable var mttaSeconds: Double?
        /// From the start to when customers noticed nothing any more.
        @Nullable var mttrSeconds: Double?
        /// From the end of one to the start of the next.
        @Nullable var mtbfSeconds: Double?

        init(_ incidents: [Incident]) {
            count = incidents.count
            mttdSeconds = mean(incidents.map { $0.startedAt.seconds(to: $0.detectedAt) })
            mttaSeconds = mean(
                incidents.compactMap { incident in
                    incident.acknowledgedAt.map { incident.detectedAt.seconds(to: $0) }
                })
            mttrSeconds = mean(
                incidents.compactMap { incident in
                    (incident.mitigatedAt ?? incident.resolvedAt).map { incident.startedAt.seconds(to: $0) }
                })
            let ordered = incidents.sorted { $0.startedAt < $1.startedAt }
            mtbfSeconds = mean(
                zip(ordered, ordered.dropFirst()).compactMap { earlier, later in
                    earlier.resolvedAt.map { max(0, $0.seconds(to: later.startedAt)) }
                })
        }
    }

    struct Week: Encodable {
        /// Its Monday, UTC.
        var from: String
        var figures: Means
    }

    var from: Timestamp
    var to: Timestamp
    var total: Means
    var byPriority: [String: Means]
    var byCause: [String: Means]
    /// How many incidents a service was affected by.
    var byService: [String: Int]
    /// The oldest first; weeks without an incident are left out.
    var weeks: [Week]
    /// Actions that are still to be done.
    var openActions: Int

    init(_ incidents: [Incident], from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
        total = Means(incidents)
        byPriority = Dictionary(grouping: incidents, by: \.priority.rawValue).mapValues(Means.init)
        byCause = Dictionary(grouping: incidents, by: \.cause).mapValues(Means.init)
        byService = incidents.flatMap(\.services).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        weeks = Dictionary(grouping: incidents, by: \.startedAt.monday).sorted { $0.key < $1.key }
            .map { Week(from: $0.key, figures: Means($0.value)) }
        openActions = incidents.flatMap(\.actions).count { $0.closedAt == nil }
    }
}

private func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : (values.reduce(0, +) / Double(values.count)).rounded(places: 1)
}

extension Timestamp {
    /// `2026-11-30`.
    var day: String { String(description.prefix(10)) }

    /// The day with which its week begins, UTC.
    fileprivate var monday: String {
        let day: Int64 = 86_400_000
        // 1970 began on a Thursday.
        let days = milliseconds / day
        return Timestamp(milliseconds: (days - (days + 3) % 7) * day).day
    }
}
