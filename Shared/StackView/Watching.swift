package import Contracts

/// Turns snapshots into dashboards: keeps the last seconds of answers for rates and latencies, and the time
/// of each service's last answer.
package struct Watching: Sendable {
    /// Long enough for a 99th percentile, short enough to see a fault come and go.
    private static let window: Duration = .seconds(3)

    private var answers: [ServiceName: AnswerHistory] = [:]
    private var before: Dashboard?
    private var states: [ServiceName: (state: Dashboard.Condition, since: Timestamp)] = [:]
    private var orderFeed = OrderFeed()
    private var events = EventLog()
    /// As it was seen last, also of services that don't answer.
    package private(set) var declared: DeclaredPath

    /// Orders that are to be read with the next snapshot.
    package var following: [String] { orderFeed.following }
    /// The newest degraded orders as they were when last read.
    package var degraded: [OrderDocument] { orderFeed.degraded }

    /// - Parameter declared: what was known before, for services that haven't answered yet.
    package init(declared: DeclaredPath = DeclaredPath()) { self.declared = declared }

    package mutating func dashboard(_ snapshot: StackSnapshot) -> Dashboard {
        for service in snapshot.services {
            answers[service.name, default: AnswerHistory()].add(service, snapshot.at, Self.window)
            if let path = service.path { declared.update(path, of: service.name) }
        }
        var services = snapshot.services.map { service($0, snapshot) }
        for index in services.indices {
            let name = services[index].name
            // One late answer isn't silence yet.
            if services[index].state == .silent, let age = services[index].ageSeconds,
                age < Dashboard.silence, let last = states[name]?.state
            {
                services[index].state = last
            }
            let state = services[index].state
            if states[name]?.state != state { states[name] = (state, snapshot.wall) }
            services[index].since = states[name]?.since
        }
        let order = answers[.order]?.span
        let age = services.first { $0.name == .order }?.ageSeconds ?? 0
        var dashboard = Dashboard(
            at: snapshot.wall, orders: age < Dashboard.old ? order.map(Dashboard.Orders.init) : nil,
            services: services,
            dependencies: services.flatMap { service in
                answers[service.name]?.span.map {
                    Dashboard.Dependency.all($0, from: service.name, age: service.ageSeconds ?? 0)
                } ?? declared.dependencies(of: service.name)
            }, events: [])
        dashboard.totals = Dashboard.Totals(
            order: fresh(.order, at: snapshot.at), payment: fresh(.payment, at: snapshot.at))
        let news = orderFeed.news(snapshot) + dashboard.changes(since: before)
        for event in news.sorted(by: { $0.at < $1.at }) { events.add(event) }
        before = dashboard
        dashboard.events = events.list
        return dashboard
    }

    private func fresh(_ name: ServiceName, at now: ContinuousClock.Instant) -> AnswerHistory.Answer? {
        guard let last = answers[name]?.last, last.at.duration(to: now).seconds < Dashboard.old else {
            return nil
        }
        return last
    }

    private func service(_ service: StackSnapshot.Service, _ snapshot: StackSnapshot) -> Dashboard.Service {
        let history = answers[service.name]
        var dashboard = Dashboard.Service(
            name: service.name, url: service.url, pid: service.activity == .gone ? nil : service.process?.pid,
            state: .dead)
        guard let history, let last = history.last else {
            dashboard.state = Dashboard.Condition(service, hasAnswered: false, lacks: false)
            return dashboard
        }
        let age = last.at.duration(to: snapshot.at).seconds.rounded(places: 1)
        dashboard.ageSeconds = age
        dashboard.faults = service.faults?.faults
        if age < Dashboard.old, let span = history.span { dashboard.fill(from: span, at: snapshot.wall) }
        let lacks =
            last.path.dependencies.contains { $0.state.breaker.state != "closed" } || dashboard.isShedding
        dashboard.state = Dashboard.Condition(service, hasAnswered: true, lacks: lacks)
        return dashboard
    }
}

/// The answers of one service over the last seconds; of one process only, since another one counts from zero.
struct AnswerHistory: Sendable {
    struct Answer: Sendable {
        var at: ContinuousClock.Instant
        var metrics: MetricsPage
        var path: PathDocument
        var started: Double?
    }

    private var answers: [Answer] = []

    var last: Answer? { answers.last }
    /// From the oldest answer to the newest.
    var span: AnswerSpan? {
        answers.first.flatMap { first in last.map { AnswerSpan(first: first, last: $0) } }
    }

    mutating func add(_ service: StackSnapshot.Service, _ at: ContinuousClock.Instant, _ window: Duration) {
        guard let metrics = service.metrics, let path = service.path else { return }
        let answer = Answer(
            at: at, metrics: metrics, path: path, started: metrics.sum("process_start_time_seconds"))
        if answer.started != last?.started { answers = [] }
        answers.append(answer)
        // The first answer is at least a window old, if there is one: a late snapshot must not shorten the
        // span.
        while answers.count > 2, answers[1].at.duration(to: at) >= window { answers.removeFirst() }
    }
}
