import Contracts
import Foundation
package import Transport

/// Polls all services concurrently, and waits at most half a second for each.
package struct Poller: Sendable {
    private static let timeout: Duration = .milliseconds(500)

    /// The services to poll, read each time: a restarted service is another process.
    private let services: @Sendable () throws -> [StackSnapshot.Service]
    private let client: any HTTPSender
    /// Without it no faults are read.
    private let administratorToken: String?

    package init(
        client: any HTTPSender, administratorToken: String? = nil,
        services: @escaping @Sendable () throws -> [StackSnapshot.Service]
    ) {
        self.client = client
        self.administratorToken = administratorToken
        self.services = services
    }

    /// - Parameter following: orders that are read although they aren't among the newest degraded ones.
    package func snapshot(following: [String]) async throws -> StackSnapshot {
        let services = try services()
        let orderURL = services.first { $0.name == .order && $0.activity == .running }?.url
        async let orders = orders(orderURL, following)
        let answered = await withTaskGroup { group in
            for service in services { group.addTask { await ask(service) } }
            return await group.reduce(into: [ServiceName: StackSnapshot.Service]()) { $0[$1.name] = $1 }
        }
        return StackSnapshot(
            at: .now, wall: .now(), services: services.map { answered[$0.name] ?? $0 }, orders: await orders)
    }

    private func ask(_ service: StackSnapshot.Service) async -> StackSnapshot.Service {
        guard service.activity == .running else { return service }
        async let ready = send("\(service.url)/readyz")
        async let metrics = answer("\(service.url)/metrics")
        async let path = get(PathDocument.self, "\(service.url)/csp")
        async let faults = faults(service)
        var answered = service
        switch await ready {
        case .success(let answer):
            answered.ready = (answer.status, String(decoding: answer.body, as: UTF8.self))
        case .failure(.unreachable): answered.isUnreachable = true
        case .failure: break
        }
        answered.metrics = await metrics.map { MetricsPage(String(decoding: $0.body, as: UTF8.self)) }
        answered.path = await path
        answered.faults = await faults
        // The process may have died meanwhile.
        if let activity = service.process?.activity { answered.activity = activity }
        return answered
    }

    private func faults(_ service: StackSnapshot.Service) async -> FaultStatus? {
        guard administratorToken != nil else { return nil }
        return await get(FaultStatus.self, "\(service.url)/faults")
    }

    private func orders(_ orderURL: String?, _ following: [String]) async -> [OrderDocument] {
        guard let orderURL else { return [] }
        let newest =
            await get(Page<OrderDocument>.self, "\(orderURL)/orders?degraded=true&limit=20")?.items ?? []
        let read = Set(newest.map(\.id))
        return await withTaskGroup { group in
            for id in following where !read.contains(id) {
                group.addTask { await get(OrderDocument.self, "\(orderURL)/orders/\(id)") }
            }
            return await group.reduce(into: newest) { orders, order in
                if let order { orders.append(order) }
            }
        }
    }

    private func get<Value: Decodable & Sendable>(_ type: Value.Type, _ url: String) async -> Value? {
        guard let answer = await answer(url) else { return nil }
        return try? JSON.decode(type, from: Data(answer.body))
    }

    private func answer(_ url: String) async -> HTTPClient.Response? {
        guard case .success(let answer) = await send(url), answer.status == 200 else { return nil }
        return answer
    }

    /// With the lowest criticality, so that polling is shed before customers' requests.
    private func send(_ url: String) async -> Result<HTTPClient.Response, HTTPClientError> {
        var request = HTTPClient.Request(
            url: url, headers: [(name: "csp-criticality", value: "sheddable")], connectTimeout: Self.timeout,
            timeout: Self.timeout)
        if let administratorToken, url.hasSuffix("/faults") {
            request.headers.append((name: "Authorization", value: "Bearer \(administratorToken)"))
        }
        do throws(HTTPClientError) {
            return .success(try await client.send(request))
        } catch {
            return .failure(error)
        }
    }
}
