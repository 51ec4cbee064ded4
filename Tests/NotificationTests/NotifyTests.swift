import Contracts
import NotificationService
import TestSupport
import Testing

@Suite("Notify", .timeLimit(.minutes(10)))
struct NotifyTests {
    @Test("an event is accepted, and its notification is sent through the log")
    func accepts() async throws {
        try await withService(NotificationApplication.self, wall: { moment }) { service in
            let answer = try await service.send(.orderConfirmed, order: "o1")
            #expect(answer.status == 202)
            #expect(
                try answer.decode(EventReceipt.self) == EventReceipt(id: "o1:order-confirmed", accepted: true)
            )
            #expect(
                try await service.notifications() == [
                    StoredNotification(
                        id: "o1:order-confirmed", orderId: "o1", customerId: "H1", kind: .orderConfirmed,
                        channel: .log,
                        status: .sent, at: moment)
                ])
        }
    }

    @Test("200 parallel posts of one event are one notification, and all get the same answer")
    func onceUnderConcurrency() async throws {
        try await withService(NotificationApplication.self) { service in
            let answers = try await withThrowingTaskGroup(of: EventReceipt.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let answer = try await service.send(.orderConfirmed, order: "o1")
                        #expect(answer.status == 202)
                        return try answer.decode()
                    }
                }
                return try await group.reduce(into: Set<EventReceipt>()) { $0.insert($1) }
            }
            #expect(answers == [EventReceipt(id: "o1:order-confirmed", accepted: true)])
            #expect(try await service.notifications().count == 1)
        }
    }

    @Test("the first event with an id counts, also after a restart")
    func firstWins() async throws {
        let folder = try TemporaryFolder()
        let first = try await withService(NotificationApplication.self, folder: folder, wall: { moment }) {
            service in
            #expect(try await service.send(.orderConfirmed, order: "o1").status == 202)
            return try await service.notifications()
        }
        try await withService(NotificationApplication.self, folder: folder, wall: { moment }) { service in
            let other = event(type: "\"order-cancelled\"", data: #"{"orderId":"o2","customerId":"H2"}"#)
            let answer = try await service.post("/events", text: other)
            #expect(answer.status == 202)
            #expect(
                try answer.decode(EventReceipt.self) == EventReceipt(id: "o1:order-confirmed", accepted: true)
            )
            #expect(try await service.notifications() == first)
            #expect(try await service.send(.orderRefunded, order: "o1").status == 202)
            #expect(try await service.notifications().map(\.kind) == [.orderRefunded, .orderConfirmed])
        }
    }

    @Test(
        "both media types of an event are read, and unknown attributes are ignored",
        arguments: [
            "application/cloudevents+json", "application/json", "application/cloudevents+json; charset=UTF-8",
        ])
    func tolerant(contentType: String) async throws {
        try await withService(NotificationApplication.self) { (service) async throws in
            let text = event(
                data: #"{"orderId":"o1","customerId":"H1","basket":[{"sku":"A"}]}"#,
                more:
                    #","traceparent":"00-0-0-01","partitionkey":"7","dataschema":"urn:x","#
                    + #""sequence":12,"time":"2026-01-05T12:00:00Z""#
            )
            #expect(try await service.post("/events", text: text, contentType: contentType).status == 202)
            #expect(try await service.notifications().map(\.id) == ["o1:order-confirmed"])
        }
    }
}
