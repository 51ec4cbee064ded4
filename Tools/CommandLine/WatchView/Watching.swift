import Contracts

/// Turns looks into pictures: keeps those of the last seconds, for rates and latencies, and when each service answered last, for
/// when it doesn't.
struct Watching: Sendable {
    /// Long enough for a 99th percentile to mean something, short enough to see a fault come and go.
    private static let window: Duration = .seconds(3)

    private var answers: [ServiceName: AnswerHistory] = [:]
    private var before: Picture?
    private var orderNews = OrderNews()
    private var happenings = Happenings()

    var following: [String] { orderNews.following }

    mutating func picture(_ look: Look) -> Picture {
        for service in look.services { answers[service.name, default: AnswerHistory()].add(service, look.at, Self.window) }
        let services = look.services.map { service($0, look) }
        let order = answers[.order]?.span
        let age = services.first { $0.name == .order }?.ageSeconds ?? 0
        var picture = Picture(
            at: look.wall, orders: age < Picture.old ? order.map(Picture.Orders.init) : nil, services: services,
            dependencies: order.map { Picture.Dependency.all($0, age: age) } ?? [], happenings: [])
        let news = orderNews.news(look) + picture.changes(since: before)
        for happening in news.sorted(by: { $0.at < $1.at }) { happenings.add(happening) }
        before = picture
        picture.happenings = happenings.list
        return picture
    }

    private func service(_ service: Look.Service, _ look: Look) -> Picture.Service {
        let history = answers[service.name]
        var picture = Picture.Service(
            name: service.name, url: service.url, pid: service.activity == .gone ? nil : service.process?.pid, state: .dead)
        guard let history, let last = history.last else {
            picture.state = Picture.Condition(service, hasAnswered: false, lacks: false)
            return picture
        }
        let age = last.at.duration(to: look.at).seconds.rounded(places: 1)
        picture.ageSeconds = age
        if age < Picture.old, let span = history.span { picture.fill(from: span, at: look.wall) }
        let lacks = last.path.dependencies.contains { $0.state.breaker.state != "closed" } || picture.isShedding
        picture.state = Picture.Condition(service, hasAnswered: true, lacks: lacks)
        return picture
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
    var span: AnswerSpan? { answers.first.flatMap { first in last.map { AnswerSpan(first: first, last: $0) } } }

    mutating func add(_ service: Look.Service, _ at: ContinuousClock.Instant, _ window: Duration) {
        guard let metrics = service.metrics, let path = service.path else { return }
        let answer = Answer(
            at: at, metrics: metrics, path: path, started: metrics.sum("process_start_time_seconds"))
        if answer.started != last?.started { answers = [] }
        answers.append(answer)
        // The first one lies at least a window back, where there is one: spans must not shrink with a late look.
        while answers.count > 2, answers[1].at.duration(to: at) >= window { answers.removeFirst() }
    }
}
