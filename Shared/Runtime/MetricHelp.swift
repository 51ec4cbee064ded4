/// What each metric means to an operator: its `# HELP`.
enum MetricHelp {
    static let texts = [
        "csp_breaker_state":
            "The circuit breaker of a dependency: 0 closed, 1 open, 2 half-open. Of the highest criticality.",
        "csp_build_info": "Always 1; the labels say which version runs and what it was built from.",
        "csp_bulkhead_in_use": "Calls to a dependency under way now, of the highest criticality.",
        "csp_connections": "Open connections of clients.",
        "csp_connections_ended_total": "Idle connections that were closed to make room for new ones.",
        "csp_degradations_total":
            "What orders did without, by effect: each is either final or repaired later (csp_repairs_total).",
        "csp_dependency_call_duration_seconds":
            "How long callers waited for a dependency, including all tries and the wait for a permit.",
        "csp_dependency_calls_total":
            "Calls to a dependency by outcome: ok, refused by it, unavailable, rejected by a policy.",
        "csp_fallbacks_total": "Calls that went on without the dependency's own answer.",
        "csp_faults_injected_total": "Requests or calls into which a fault was injected on purpose, by kind.",
        "csp_incident_mtbf_seconds": "Mean time from the end of an incident to the next, over 90 days.",
        "csp_incident_mtta_seconds": "Mean time from detection to acknowledgement, over 90 days.",
        "csp_incident_mttd_seconds": "Mean time from the start of incidents to detection, over 90 days.",
        "csp_incident_mttr_seconds":
            "Mean time from the start of incidents until customers noticed nothing any more, over 90 days.",
        "csp_incidents": "Incidents of the last 90 days.",
        "csp_incidents_open": "Incidents that go on, by priority.",
        "csp_operation_breaker_state":
            "The circuit breaker of one operation at one criticality: 0 closed, 1 open, 2 half-open.",
        "csp_operation_bulkhead_in_use": "Calls of one operation at one criticality under way now.",
        "csp_orders_total": "Orders by the state that they have reached; an order may reach several.",
        "csp_payments_total": "Payments captured, declined and voided, and single refunds.",
        "csp_queue_messages":
            "Messages in the durable queue: ready, leased to a worker, delayed, dead (given up).",
        "csp_queue_oldest_seconds": "Age of the oldest message that is due: how far deliveries lag behind.",
        "csp_queue_stale_total":
            "Deliveries whose lease had ended before they did: another worker has repeated them.",
        "csp_repairs_total": "Degradations of orders that were made good, by effect.",
        "csp_retries_total": "Further tries of calls to a dependency.",
        "csp_spans_dropped_total":
            "Spans that were not exported: more than could be sent, no collector, or refused by it.",
        "csp_spans_exported_total": "Spans of traces that the collector has taken.",
        "csp_shed_total": "Requests refused at admission because there were too many, by criticality.",
        "csp_shedder_in_flight": "Requests in work.",
        "csp_shedder_limit": "How many requests may be in work at once now.",
        "csp_shedder_waiting": "Requests that wait for admission.",
        "csp_storage_free_bytes": "Free space on the disk of the service's store.",
        "csp_unreadable_rows_total": "Rows of a table that could not be decoded, and were passed over.",
        "http_server_request_duration_seconds": "How long requests took, by method, route and status.",
    ]
}
