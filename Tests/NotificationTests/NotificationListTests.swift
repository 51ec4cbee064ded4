import Contracts
import NotificationService
import TestSupport
import Testing

@Suite("The list of notifications", .timeLimit(.minutes(10)))
struct NotificationListTests {
    @Test("is filtered by order, customer and kind, newest first")
    func filters() async throws {
        try await withService(NotificationApplication.self) { (service) async throws in
            for (kind, order, customer) in [
                (NotificationKind.orderAccepted, "o1", "H1"), (.orderConfirmed, "o2", "H1"),
                (.orderConfirmed, "o1", "H1"),
                (.orderConfirmed, "o3", "H2"),
            ] {
                #expect(try await service.send(kind, order: order, customer: customer).status == 202)
            }
            func ids(_ query: String) async throws -> [String] {
                try await service.notifications(query).map(\.id)
            }
            #expect(try await ids("orderId=o1") == ["o1:order-confirmed", "o1:order-accepted"])
            #expect(
                try await ids("customerId=H1") == [
                    "o1:order-confirmed", "o2:order-confirmed", "o1:order-accepted",
                ])
            #expect(try await ids("kind=order-accepted") == ["o1:order-accepted"])
            #expect(try await ids("orderId=o1&customerId=H1&kind=order-confirmed") == ["o1:order-confirmed"])
            #expect(try await ids("orderId=o1&customerId=H2").isEmpty)
        }
    }

    @Test("pages show each notification once, also while new ones arrive")
    func pages() async throws {
        try await withService(NotificationApplication.self) { service in
            for number in 0..<7 {
                #expect(try await service.send(.orderConfirmed, order: "o\(number)").status == 202)
            }
            var seen: [String] = []
            var path = "/notifications?limit=3"
            while true {
                let page: Page<StoredNotification> = try await service.get(path).decode()
                seen += page.items.map(\.orderId)
                guard let cursor = page.nextCursor else { break }
                path = "/notifications?limit=3&cursor=\(cursor)"
                #expect(try await service.send(.orderCancelled, order: "late\(seen.count)").status == 202)
            }
            #expect(seen == ["o6", "o5", "o4", "o3", "o2", "o1", "o0"])
        }
    }

    @Test(
        "an unknown kind, limit or cursor is 422",
        arguments: ["kind=gone", "limit=0", "limit=501", "limit=x", "cursor=zz"])
    func invalid(query: String) async throws {
        try await withService(NotificationApplication.self) { service in
            let answer = try await service.get("/notifications?\(query)")
            #expect(answer.status == 422)
            #expect(answer.problem?.code == "invalid-request")
        }
    }
}
