import Contracts
import Foundation
import Resilience
import TestSupport
import Testing

@testable import ConsoleService

@Suite("Traces that the console is sent", .timeLimit(.minutes(10)))
struct TraceRoutesTests {
    private struct Shown: Decodable {
        struct Span: Decodable {
            var name: String
            var service: String
            var kind: String
            var startMilliseconds: Double
            var durationMilliseconds: Double
            var status: String
        }
        var traceId: String
        var orderIds: [String]
        var droppedSpans: Int
        var spans: [Span]
    }
    private struct List: Decodable { var items: [Shown] }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    /// As a collector of another make writes it: other members, numbers where strings may be.
    private func payload(
        trace: String = TraceRoutesTests.trace, order: String = "ord_1", spans: Int = 1, isKept: Bool = false
    ) -> String {
        let start = 1_767_614_400_000_000_000
        let all = (0..<spans).map { index in
            """
            {"flags":1,"traceId":"\(trace)","spanId":"\(String(format: "%016x", index + 1))",
             "name":"span \(index)","kind":2,"startTimeUnixNano":\(start + index * 1_000_000),
             "endTimeUnixNano":"\(start + 500_000 + index * 1_000_000)",
             "attributes":[{"key":"csp.order.id","value":{"stringValue":"\(order)"}},
              \(isKept ? #"{"key":"csp.kept","value":{"boolValue":true}},"# : "")
              {"key":"list","value":{"arrayValue":{"values":[]}}}],"status":{"code":2}}
            """
        }
        // Only the services' own payloads say what is to be kept longer.
        let first = isKept ? "" : #""schemaUrl":"urn:x","#
        let begin =
            #"{"resourceSpans":[{"# + first + #""resource":{"attributes":[{"key":"service.name","value":"#
        return begin
            + #"{"stringValue":"mail"}}]},"scopeSpans":[{"spans":["# + all.joined(separator: ",") + "]}]}]}"
    }

    private static let later = Deadline.after(.seconds(600))

    private func read(_ archive: TraceArchive, _ id: some StringProtocol) async throws -> Shown? {
        try await archive.trace(String(id), before: Self.later).map { try JSON.decode(Shown.self, from: $0) }
    }

    @Test("a trace is shown by its id and by its order, also that of another sender")
    func shown() async throws {
        try await withService(ConsoleApplication.self) { console in
            let taken = try await console.post("/v1/traces", text: payload(spans: 3))
            #expect(taken.status == 200 && taken.text == "{}")
            let shown: Shown = try await console.get("/api/traces/\(Self.trace)").decode()
            #expect(shown.orderIds == ["ord_1"] && shown.spans.map(\.name) == ["span 0", "span 1", "span 2"])
            #expect(shown.spans[2].startMilliseconds == 2 && shown.spans[2].durationMilliseconds == 0.5)
            #expect(
                shown.spans.allSatisfy {
                    $0.service == "mail" && $0.kind == "server" && $0.status == "error"
                })
            let list: List = try await console.get("/api/traces?orderId=ord_1").decode()
            #expect(list.items.map(\.traceId) == [Self.trace])
            let none: List = try await console.get("/api/traces?orderId=ord_2").decode()
            #expect(none.items.isEmpty)
            // Words that every payload has.
            for id in ["0", "traceId", "%00", "%22"] {
                #expect(try await console.get("/api/traces/\(id)").status == 404)
                let list: List = try await console.get("/api/traces?orderId=\(id)").decode()
                #expect(list.items.isEmpty)
            }
            #expect(try await console.get("/api/traces").status == 422)
            #expect(try await console.get("/api/traces?orderId=a&other=b").status == 422)
        }
    }

    @Test("the same span sent twice is one", arguments: [1, 3])
    func repeated(times: Int) async throws {
        let archive = TraceArchive(capacity: 1 << 20)
        for _ in 0..<times { try await archive.add(Data(payload().utf8), before: Self.later) }
        #expect(try await read(archive, Self.trace)?.spans.count == 1)
    }

    @Test(
        "what is no export request is refused, and says so",
        arguments: ["{}", "[", "", "{\"resourceSpans\":7}"])
    func refused(body: String) async throws {
        try await withService(ConsoleApplication.self) { console in
            #expect(try await console.post("/v1/traces", text: body).status == 400)
            let answer = try await console.post(
                "/v1/traces", text: payload(), contentType: "application/x-protobuf")
            #expect(answer.status == 415)
        }
    }

    @Test("a payload that only looks like the services' own is taken, and shows nothing")
    func forged() async throws {
        let archive = TraceArchive(capacity: 1 << 20)
        let forged = """
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name" \u{0} "\(Self.trace)" ]}]}]}
            """
        try await archive.add(Data(forged.utf8), before: Self.later)
        #expect(try await read(archive, Self.trace) == nil)
        try await archive.add(Data(payload().utf8), before: Self.later)
        #expect(try await read(archive, Self.trace)?.spans.count == 1)
    }

    @Test("the oldest go first, and ordinary traces don't push out those of degraded orders")
    func bounded() async throws {
        let archive = TraceArchive(capacity: 64 << 10)
        let (kept, old) = ("a" + Self.trace.dropFirst(), "b" + Self.trace.dropFirst())
        try await archive.add(Data(payload(trace: kept, isKept: true).utf8), before: Self.later)
        try await archive.add(Data(payload(trace: old).utf8), before: Self.later)
        for _ in 0..<200 { try await archive.add(Data(payload().utf8), before: Self.later) }
        #expect(try await read(archive, old) == nil)
        #expect(try await read(archive, kept)?.spans.count == 1)
        for _ in 0..<200 { try await archive.add(Data(payload(isKept: true).utf8), before: Self.later) }
        #expect(try await read(archive, kept) == nil)
    }

    @Test("of a trace that grew for hours its beginning and its end are shown")
    func long() async throws {
        let archive = TraceArchive(capacity: 8 << 20)
        try await archive.add(Data(payload(spans: 1500).utf8), before: Self.later)
        let trace = try #require(try await read(archive, Self.trace))
        #expect(trace.spans.count == 1000 && trace.droppedSpans == 500)
        #expect(trace.spans.first?.name == "span 0" && trace.spans.last?.name == "span 1499")
    }
}
