import Contracts
import NotificationService
import TestSupport
import Testing

@Suite("What the notification service answers to bad requests", .timeLimit(.minutes(10)))
struct NotificationRequestTests {
    @Test(
        "a field that is missing or out of range is 422 with a pointer to it",
        arguments: [
            (event(specversion: "\"0.3\""), "/specversion"), (event(specversion: "1.0"), "/specversion"),
            (event(id: "\"\""), "/id"), (event(id: "7"), "/id"), (event(id: "null"), "/id"),
            (event(id: "\"a\\u0000\""), "/id"),
            (event(id: "\"\(String(repeating: "x", count: 256))\""), "/id"),
            (event(source: "\"\""), "/source"),
            (event(type: "\"order-lost\""), "/type"), (event(data: #"{"customerId":"H1"}"#), "/data/orderId"),
            (event(data: #"{"orderId":"o1"}"#), "/data/customerId"),
            (event(data: #"{"orderId":"","customerId":"H1"}"#), "/data/orderId"),
            (event(data: #"{"orderId":"o1","customerId":""}"#), "/data/customerId"),
            (event(data: "null"), "/data"),
            (event(data: "\"<x/>\""), "/data"), (event(more: #","time":"now""#), "/time"),
            ("{}", "/specversion"), ("[]", ""),
        ])
    func invalid(text: String, pointer: String) async throws {
        try await withService(NotificationApplication.self) { service in
            let answer = try await service.post("/events", text: text)
            #expect(answer.status == 422)
            #expect(answer.problem?.code == "invalid-request")
            #expect(answer.problem?.errors?.first?.pointer == pointer)
            #expect(try await service.notifications().isEmpty)
        }
    }

    @Test("all problems of an event are named at once")
    func allAtOnce() async throws {
        try await withService(NotificationApplication.self) { service in
            let text = event(
                id: "\"\"", type: "\"\"", specversion: "\"\"", source: "\"\"",
                data: #"{"orderId":"","customerId":""}"#)
            let pointers = try await service.post("/events", text: text).problem?.errors?.map(\.pointer)
            #expect(
                pointers == ["/specversion", "/source", "/id", "/data/orderId", "/data/customerId", "/type"])
        }
    }

    @Test("an unreadable body is refused by its kind, and nothing ends the service")
    func unreadable() async throws {
        try await withService(NotificationApplication.self) { service in
            #expect(try await service.post("/events", text: "{").problem?.code == "malformed-json")
            let deep = String(repeating: "{\"data\":", count: 20_000)
            let deepAnswer = try await service.post("/events", text: deep)
            #expect((400..<500).contains(deepAnswer.status))
            let large = event(id: "\"\(String(repeating: "x", count: 300 * 1024))\"")
            #expect(try await service.post("/events", text: large).status == 413)
            #expect(try await service.post("/events", text: event(), contentType: "text/xml").status == 415)
            #expect(try await service.post("/events", text: event(), contentType: nil).status == 415)
            #expect(try await service.get("/readyz").status == 200)
            #expect(try await service.notifications().isEmpty)
        }
    }

    @Test("without the services' token nothing is accepted")
    func unauthorized() async throws {
        try await withService(NotificationApplication.self) { (service) async throws in
            for token in [nil, "wrong", TestTokens.administrator] {
                #expect(
                    try await service.send("POST", "/events", body: Array(event().utf8), token: token).status
                        == 401)
            }
            #expect(try await service.notifications().isEmpty)
        }
    }

    @Test("unknown paths and methods are 404 and 405")
    func unknown() async throws {
        try await withService(NotificationApplication.self) { service in
            #expect(try await service.get("/nothing").status == 404)
            let answer = try await service.get("/events")
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == "POST")
        }
    }
}
