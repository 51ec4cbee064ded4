import Contracts

private let requests = "http_server_request_duration_seconds"

extension Dashboard {
    /// Seconds after which the last answer of a service is out of date.
    package static let old = 1.0
    /// Seconds after which a service that runs and doesn't answer is silent.
    static let silence = 2.5
}

extension Dashboard.Condition {
    /// - Parameters:
    ///   - hasAnswered: whether any process of the service has answered before.
    ///   - lacks: whether a breaker is open or requests are shed.
    init(_ service: StackSnapshot.Service, hasAnswered: Bool, lacks: Bool) {
        switch ServiceState(service.activity, service.ready) {
        case .ready: self = lacks ? .degraded : .ready
        case .starting:
            self =
                service.ready != nil || (!hasAnswered && service.process != nil)
                ? .starting
                : service.isUnreachable && service.process == nil ? .dead : .silent
        case .draining: self = .draining
        case .frozen: self = .frozen
        case .dead: self = .dead
        }
    }
}

extension Dashboard.Service {
    /// Routes of operators and of this command, which don't count as requests.
    private static let asides: Set<String> = [
        "/livez", "/readyz", "/metrics", "/csp", "/csp/dependencies/{name}", "/openapi.json", "/faults",
        "/queue",
        "/queue/dead",
        "/queue/dead/redrive", "/backup", "/orders/{id}/timeline",
    ]

    private static func isWork(_ labels: MetricsPage.Labels) -> Bool {
        guard let route = labels["route"] else { return false }
        return !asides.contains(route) && !(route == "/orders" && labels["method"] == "GET")
    }

    mutating func fill(from span: AnswerSpan, at now: Timestamp) {
        let page = span.last.metrics
        requestsPerSecond = span.perSecond { $0.sum(requests + "_count", where: Self.isWork) }
        latency = span.latency(requests, where: Self.isWork)
        let messages = page.sums("csp_queue_messages", by: "state")
        if !messages.isEmpty {
            self.messages = messages.mapValues { Int($0) }
            deadLetters = Int(messages["dead"] ?? 0)
            queued = Int(messages.values.reduce(0, +)) - Int(messages["dead"] ?? 0)
        }
        oldestSeconds = page.sum("csp_queue_oldest_seconds")?.rounded(places: 1)
        shedding = span.last.path.shedder.map {
            Dashboard.Shedding($0, before: span.first.path.shedder, span)
        }
        freeBytes = page.sum("csp_storage_free_bytes")
        upSeconds = span.last.started.map { (Double(now.milliseconds) / 1000 - $0).rounded(places: 1) }
    }
}

extension Dashboard.Shedding {
    init(_ now: ShedderDocument, before: ShedderDocument?, _ span: AnswerSpan) {
        limit = now.limit
        inFlight = now.inFlight
        waiting = now.waiting
        shedPerSecond = span.perSecond(
            before?.shed.mapValues(Double.init) ?? [:], now.shed.mapValues(Double.init))
        rateLimitedPerSecond =
            span.perSecond(["": Double(before?.rateLimited ?? 0)], ["": Double(now.rateLimited)])[""] ?? 0
    }
}

extension Dashboard.Orders {
    init(_ span: AnswerSpan) {
        let isPlacing = { (labels: MetricsPage.Labels) in
            labels["route"] == "/orders" && labels["method"] == "POST"
        }
        // Shed requests are refused before routing, so orders are counted by their criticality,
        // critical-plus.
        let shed = span.last.path.shedder.map {
            Dashboard.Shedding($0, before: span.first.path.shedder, span)
        }
        let turnedAway = shed?.shedPerSecond["critical-plus"] ?? 0
        answeredPerSecond =
            (span.perSecond { $0.sum(requests + "_count", where: isPlacing) } ?? 0) + turnedAway
        unservedPerSecond =
            (span.perSecond { $0.sum(requests + "_count") { isPlacing($0) && $0["status"] == "503" } } ?? 0)
            + turnedAway
        perSecond = span.perSecond("csp_orders_total", by: "outcome")
        latency = span.latency(requests, where: isPlacing)
    }
}

extension Dashboard.Totals {
    /// - Parameter answer: nil of a service that doesn't answer.
    init(order: AnswerHistory.Answer?, payment: AnswerHistory.Answer?) {
        captured = payment?.metrics.sum("csp_payments_total") { $0["outcome"] == "captured" }
        guard let order else { return }
        func answered(_ statuses: Set<String>) -> Double {
            order.metrics.sum(requests + "_count") {
                $0["route"] == "/orders" && $0["method"] == "POST" && statuses.contains($0["status"] ?? "")
            } ?? 0
        }
        placed = answered(["201", "202"])
        unserved = answered(["503"]) + Double(order.path.shedder?.shed["critical-plus"] ?? 0)
    }
}

extension Dashboard.Dependency {
    /// As it is declared; how it is isn't known.
    init(_ declared: DeclaredPath.Dependency, from caller: ServiceName) {
        self.init(
            from: caller, name: declared.name, role: declared.role, breaker: Self.unknown,
            callsPerSecond: [:],
            criticality: declared.criticality, effect: declared.effect)
    }

    /// - Parameters:
    ///   - caller: whose dependencies they are.
    ///   - age: seconds since its answer.
    static func all(_ span: AnswerSpan, from caller: ServiceName, age: Double) -> [Dashboard.Dependency] {
        span.last.path.dependencies.map { document in
            var dependency = Dashboard.Dependency(.init(document), from: caller)
            dependency.ageSeconds = age
            dependency.lastFailure = document.state.lastFailure
            if age < Dashboard.old { dependency.fill(document, span) }
            return dependency
        }
    }

    private mutating func fill(_ document: DependencyDocument, _ span: AnswerSpan) {
        let before = span.first.path.dependencies.first { $0.name == name }
        let counts = { (calls: [String: Int]) in calls.mapValues(Double.init) }
        breaker = document.state.breaker.state
        retryAfterMilliseconds = document.isOpen ? document.state.breaker.retryAfterMilliseconds : nil
        inUse = document.state.bulkhead.inUse
        limit = document.state.bulkhead.limit
        callsPerSecond = span.perSecond(counts(before?.state.calls ?? [:]), counts(document.state.calls))
        latency = span.latency("csp_dependency_call_duration_seconds") { [name] in $0["dependency"] == name }
    }
}

extension DependencyDocument {
    fileprivate var isOpen: Bool { state.breaker.state == "open" }
}
