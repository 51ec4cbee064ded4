import Contracts
import Foundation
import TestSupport
import Testing

@testable import InventoryService

@Suite("Bad input to inventory", .timeLimit(.minutes(10)))
struct BadInputTests {
    @Test("every malformed body has its status and code, and never a 500")
    func bodies() async throws {
        let order = { (items: String) in #"{"orderId":"o1","items":\#(items)}"# }
        let many =
            "[" + Array(repeating: #"{"sku":"A","quantity":1}"#, count: 101).joined(separator: ",") + "]"
        let long = String(repeating: "x", count: 256)
        let cases: [(String, Int, String, [String])] = [
            ("", 400, "malformed-json", []),
            ("{", 400, "malformed-json", []),
            (String(repeating: "[", count: 100_000), 400, "malformed-json", []),
            ("[]", 422, "invalid-request", [""]),
            ("null", 422, "invalid-request", [""]),
            ("{}", 422, "invalid-request", ["/orderId", "/items"]),
            (#"{"orderId":7,"items":[]}"#, 422, "invalid-request", ["/orderId", "/items"]),
            (
                #"{"orderId":"","items":[{"sku":"","quantity":0}]}"#, 422, "invalid-request",
                ["/orderId", "/items/0/sku", "/items/0/quantity"]
            ),
            (
                #"{"orderId":"\#(long)","items":[{"sku":"\#(long)","quantity":1}]}"#, 422, "invalid-request",
                ["/orderId", "/items/0/sku"]
            ),
            (
                #"{"orderId":"a\u0000b","items":[{"sku":"A\u0000","quantity":1}]}"#, 422, "invalid-request",
                ["/orderId", "/items/0/sku"]
            ),
            (order("[]"), 422, "invalid-request", ["/items"]),
            (order("null"), 422, "invalid-request", ["/items"]),
            (order("{}"), 422, "invalid-request", ["/items"]),
            (order(many), 422, "invalid-request", ["/items"]),
            (order(#"[{"sku":"A"}]"#), 422, "invalid-request", ["/items/0/quantity"]),
            (order(#"[{"sku":"A","quantity":"1"}]"#), 422, "invalid-request", ["/items/0/quantity"]),
            (order(#"[{"sku":"A","quantity":1.5}]"#), 422, "invalid-request", ["/items/0/quantity"]),
            (order(#"[{"sku":"A","quantity":-1}]"#), 422, "invalid-request", ["/items/0/quantity"]),
            (order(#"[{"sku":"A","quantity":1001}]"#), 422, "invalid-request", ["/items/0/quantity"]),
            (
                order(#"[{"sku":"A","quantity":99999999999999999999999}]"#), 422, "invalid-request",
                ["/items/0/quantity"]
            ),
            (
                order(#"[{"sku":"A","quantity":1},{"sku":null,"quantity":1}]"#), 422, "invalid-request",
                ["/items/1/sku"]
            ),
        ]
        try await withInventory(["A": 5]) { inventory in
            for (body, status, code, pointers) in cases {
                let answer = try await inventory.post("/reservations", text: body)
                let shown = Comment(rawValue: "\(body.prefix(100)) → \(answer.text)")
                #expect(answer.status == status, shown)
                #expect(answer.problem?.code == code, shown)
                #expect(answer.problem?.errors?.map(\.pointer) ?? [] == pointers, shown)
                #expect(answer.header("Content-Type") == "application/problem+json", shown)
            }
            #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
        }
    }

    @Test("another media type is 415 and a body over 256 KiB 413; an unknown field is ignored")
    func mediaTypeAndSize() async throws {
        try await withInventory(["A": 5]) { inventory in
            let body = #"{"orderId":"o1","items":[{"sku":"A","quantity":1,"price":1}],"x":[]}"#
            let plain = try await inventory.post("/reservations", text: body, contentType: "text/plain")
            #expect(plain.status == 415)
            #expect(try await inventory.post("/reservations", text: body, contentType: nil).status == 415)
            let large = String(repeating: " ", count: 300 * 1024) + body
            #expect(try await inventory.post("/reservations", text: large).status == 413)
            #expect(try await inventory.post("/reservations", text: body).status == 201)
        }
    }

    @Test("changes need the services' token, reading doesn't")
    func token() async throws {
        try await withInventory(["A": 5]) { inventory throws in
            let request = ReservationRequest(orderId: "o1", items: [ItemQuantity(sku: "A", quantity: 1)])
            for token in [nil, "", "wrong", TestTokens.administrator] {
                #expect(try await inventory.post("/reservations", request, token: token).status == 401)
                #expect(try await inventory.post("/reservations/o1/commit", token: token).status == 401)
                #expect(
                    try await inventory.post("/reservations/o1/release", token: token).problem?.code
                        == "unauthorized")
            }
            for path in ["/products", "/products/A", "/stock", "/stock/A", "/reservations"] {
                #expect(try await inventory.get(path, token: nil).status == 200)
            }
            #expect(try await inventory.get("/reservations/o1", token: nil).status == 404)
        }
    }

    @Test("unknown paths and ids are 404, wrong methods 405 with Allow")
    func paths() async throws {
        try await withInventory(["A": 5]) { inventory in
            let missing = [
                "/nothing", "/products/X", "/stock/X", "/stock/A%00", "/stock/%FF", "/products/A/b",
                "/reservations/o1",
                "/stock/" + String(repeating: "x", count: 300),
            ]
            for path in missing {
                let answer = try await inventory.get(path)
                #expect(answer.status == 404, Comment(rawValue: path))
                #expect(answer.problem?.code == "not-found", Comment(rawValue: path))
            }
            let answer = try await inventory.send("DELETE", "/reservations")
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == "GET, HEAD, POST")
            #expect(try await inventory.send("GET", "/reservations/o1/commit").header("Allow") == "POST")
        }
    }

    @Test("an invalid order id is 422, and doesn't affect the order with a similar id")
    func orderIds() async throws {
        try await withInventory(["A": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 1])
            for id in ["o1%00", "o1%00x", "%FF", String(repeating: "x", count: 256)] {
                #expect(try await inventory.release(id).problem?.code == "invalid-request")
                #expect(try await inventory.commit(id).problem?.errors?.map(\.pointer) == ["/orderId"])
            }
            #expect(try await inventory.reservation("o1").status == .reserved)
        }
    }

    @Test(
        "a list's parameters out of range are 422",
        arguments: [
            "/products?limit=0", "/products?limit=501", "/stock?limit=x", "/stock?cursor=zz",
            "/reservations?cursor=ff",
            "/reservations?status=lost",
        ])
    func lists(_ path: String) async throws {
        try await withInventory(["A": 5]) { inventory in
            let answer = try await inventory.get(path)
            #expect(answer.status == 422)
            #expect(answer.problem?.errors?.count == 1)
        }
    }

    @Test("a request whose time is used up does nothing")
    func deadline() async throws {
        try await withInventory(["A": 5]) { inventory in
            let body = Array(#"{"orderId":"o1","items":[{"sku":"A","quantity":1}]}"#.utf8)
            let late = [(name: "csp-deadline-ms", value: "0")]
            let answer = try await inventory.send("POST", "/reservations", body: body, headers: late)
            #expect(answer.status == 503)
            #expect(answer.problem?.code == "deadline-exceeded")
            #expect(try await inventory.send("POST", "/reservations/o1/release", headers: late).status == 503)
            #expect(try await inventory.get("/reservations/o1").status == 404)
        }
    }
}
