import Contracts
import Foundation
import Transport

/// Polls all services concurrently, and waits at most half a second for each.
struct Poller: Sendable {
    /// The services to poll, read each time: a restarted service is another process.
    enum Subject: Sendable {
        case stack(StackFolder)
        /// Order alone, at any address.
        case order(url: String)
    }

    private static let timeout: Duration = .milliseconds(500)

    let subject: Subject
    let client: HTTPClient

    /// - Parameter following: orders whose timelines are read.
    func snapshot(following: [String]) async throws -> StackSnapshot {
        let services = try services()
        let orderURL = services.first { $0.name == .order && $0.activity == .running }?.url
        async let orders = orderURL.asyncFlatMap {
            await get(Page<OrderDocument>.self, "\($0)/orders?limit=50")
        }
        async let timelines = orderURL.asyncFlatMap { await self.timelines($0, following) }
        let answered = await withTaskGroup { group in
            for service in services { group.addTask { await ask(service) } }
            return await group.reduce(into: [ServiceName: StackSnapshot.Service]()) { $0[$1.name] = $1 }
        }
        return StackSnapshot(
            at: .now, wall: .now(), services: services.map { answered[$0.name] ?? $0 },
            orders: await orders?.items ?? [],
            timelines: await timelines ?? [:])
    }

    private func services() throws -> [StackSnapshot.Service] {
        switch subject {
        case .order(let url): [StackSnapshot.Service(name: .order, url: url, activity: .running)]
        case .stack(let folder):
            try folder.reachable().services.map {
                StackSnapshot.Service(
                    name: $0.name, url: $0.url, process: $0.process == .elsewhere ? nil : $0.process,
                    activity: $0.process.activity)
            }
        }
    }

    private func ask(_ service: StackSnapshot.Service) async -> StackSnapshot.Service {
        guard service.activity == .running else { return service }
        async let ready = answer("\(service.url)/readyz")
        async let metrics = answer("\(service.url)/metrics")
        async let path = get(PathDocument.self, "\(service.url)/csp")
        var answered = service
        answered.ready = await ready.map { ($0.status, String(decoding: $0.body, as: UTF8.self)) }
        answered.metrics = await metrics.flatMap {
            $0.status == 200 ? MetricsPage(String(decoding: $0.body, as: UTF8.self)) : nil
        }
        answered.path = await path
        // The process may have died meanwhile.
        if let activity = service.process?.activity { answered.activity = activity }
        return answered
    }

    private func timelines(_ orderURL: String, _ ids: [String]) async -> [String: [TimelineEntry]] {
        await withTaskGroup { group in
            for id in ids {
                group.addTask {
                    (id, await get(Page<TimelineEntry>.self, "\(orderURL)/orders/\(id)/timeline")?.items)
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func get<Value: Decodable & Sendable>(_ type: Value.Type, _ url: String) async -> Value? {
        guard let answer = await answer(url), answer.status == 200 else { return nil }
        return try? JSON.decode(type, from: Data(answer.body))
    }

    /// Sent with the lowest criticality, so that polling is shed before customers' requests.
    private func answer(_ url: String) async -> HTTPClient.Response? {
        try? await client.send(
            HTTPClient.Request(
                url: url, headers: [(name: "csp-criticality", value: "sheddable")],
                connectTimeout: Self.timeout,
                timeout: Self.timeout))
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncFlatMap<Result: Sendable>(_ transform: @Sendable (Wrapped) async -> Result?) async
        -> Result?
    {
        guard let self else { return nil }
        return await transform(self)
    }
}
