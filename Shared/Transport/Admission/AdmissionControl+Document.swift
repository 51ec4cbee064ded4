package import Contracts
import Metrics
import Resilience
import ServingPath

extension AdmissionControl {
    /// The `shedder` of `GET /csp`; nil while it is off.
    package var document: ShedderDocument? {
        guard let snapshot = shedder?.snapshot else { return nil }
        func byCriticality(_ counts: [Int]) -> [String: Int] {
            Dictionary(
                uniqueKeysWithValues: Criticality.allCases.map { ($0.rawValue, counts[$0.priority.rank]) })
        }
        return ShedderDocument(
            limit: snapshot.limit, inFlight: snapshot.inFlight, waiting: snapshot.waiting,
            admitted: byCriticality(snapshot.admitted), shed: byCriticality(snapshot.refused),
            rateLimited: rateLimited)
    }

    /// Sets what a scrape reads.
    package func record() {
        Gauge(label: "csp_connections").record(connections.count)
        guard let snapshot = shedder?.snapshot else { return }
        Gauge(label: "csp_shedder_limit").record(snapshot.limit)
        Gauge(label: "csp_shedder_in_flight").record(snapshot.inFlight)
        Gauge(label: "csp_shedder_waiting").record(snapshot.waiting)
    }
}
