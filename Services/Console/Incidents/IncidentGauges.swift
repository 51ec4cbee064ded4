import Metrics

/// The figures of incidents as metrics: open ones now, and means over the last 90 days.
struct IncidentGauges: Sendable {
    private let open: [(Incident.Priority, Gauge)] = Incident.Priority.allCases.map {
        ($0, Gauge(label: "csp_incidents_open", dimensions: [("priority", $0.rawValue)]))
    }
    private let count = Gauge(label: "csp_incidents")
    private let mttd = Gauge(label: "csp_incident_mttd_seconds")
    private let mtta = Gauge(label: "csp_incident_mtta_seconds")
    private let mttr = Gauge(label: "csp_incident_mttr_seconds")
    private let mtbf = Gauge(label: "csp_incident_mtbf_seconds")

    func set(_ incidents: [Incident]) {
        for (priority, gauge) in open {
            gauge.record(incidents.count { $0.status.isOpen && $0.priority == priority })
        }
        let means = IncidentMetrics.Means(incidents)
        count.record(means.count)
        for (gauge, mean) in [
            (mttd, means.mttdSeconds), (mtta, means.mttaSeconds), (mttr, means.mttrSeconds),
            (mtbf, means.mtbfSeconds),
        ] {
            if let mean { gauge.record(mean) }
        }
    }
}
