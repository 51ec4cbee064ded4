import Contracts
import Foundation
import StackView
import Transport

/// Reads order's list page by page.
struct OrderPages: Sendable {
    private static let timeout: Duration = .seconds(2)

    let client: any HTTPSender
    let services: @Sendable () -> [StackSnapshot.Service]

    struct Unreadable: Error {}

    /// Degraded orders from the newest to those that were placed at `since`.
    func degraded(since: Timestamp, _ body: (OrderDocument) -> Void) async throws {
        guard let order = services().first(where: { $0.name == .order }) else { throw Unreadable() }
        var cursor: String?
        repeat {
            let next = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await page("\(order.url)/orders?degraded=true&limit=500\(next)")
            for order in page.items where order.createdAt >= since { body(order) }
            if let last = page.items.last, last.createdAt < since { return }
            cursor = page.nextCursor
        } while cursor != nil
    }

    private func page(_ url: String) async throws -> Page<OrderDocument> {
        // Customers' requests go first.
        let request = HTTPClient.Request(
            url: url, headers: [(name: "csp-criticality", value: "sheddable")],
            connectTimeout: .milliseconds(500),
            timeout: Self.timeout)
        let answer = try await client.send(request)
        guard answer.status == 200 else { throw Unreadable() }
        return try JSON.decode(Page<OrderDocument>.self, from: Data(answer.body))
    }
}
