import Contracts
import CouponService
import Foundation
import TestSupport
import Testing

@Suite("What the coupon service answers to bad requests", .timeLimit(.minutes(10)))
struct CouponRequestTests {
    private static func redemption(
        orderId: String = "\"o1\"", at: String = "\"2026-01-05T12:00:00Z\"",
        items: String = #"[{"sku":"A","quantity":1,"unitPrice":1000}]"#
    ) -> String {
        #"{"orderId":\#(orderId),"customerId":"H1","code":"ONCE","at":\#(at),"#
            + #""items":\#(items),"more":{"x":[1]}}"#
    }

    @Test("an unknown field is ignored, and a time may have an offset")
    func tolerant() async throws {
        try await withCoupons { (service) async throws in
            let text = Self.redemption(at: "\"2026-01-05T21:00:00+09:00\"")
            #expect(try await service.post("/redemptions", text: text).status == 201)
        }
    }

    @Test(
        "a field out of range is 422 with a pointer to it",
        arguments: [
            (redemption(orderId: "\"\""), "/orderId"), (redemption(orderId: "7"), "/orderId"),
            (redemption(orderId: "null"), "/orderId"),
            (redemption(orderId: "\"a\\u0000b\""), "/orderId"),
            (redemption(orderId: "\"\(String(repeating: "x", count: 256))\""), "/orderId"),
            (redemption(at: "\"yesterday\""), "/at"), (redemption(at: "5"), "/at"),
            (redemption(items: "[]"), "/items"),
            (redemption(items: "{}"), "/items"), (redemption(items: "null"), "/items"),
            (redemption(items: #"[{"sku":"A","quantity":0,"unitPrice":1}]"#), "/items/0/quantity"),
            (redemption(items: #"[{"sku":"A","quantity":-1,"unitPrice":1}]"#), "/items/0/quantity"),
            (redemption(items: #"[{"sku":"A","quantity":100001,"unitPrice":1}]"#), "/items/0/quantity"),
            (
                redemption(
                    items:
                        #"[{"sku":"A","quantity":1,"unitPrice":1},{"sku":"","quantity":1,"unitPrice":1}]"#),
                "/items/1/sku"
            ),
            (redemption(items: #"[{"sku":"A","quantity":1,"unitPrice":-1}]"#), "/items/0/unitPrice"),
            (
                redemption(items: #"[{"sku":"A","quantity":1,"unitPrice":9223372036854775807}]"#),
                "/items/0/unitPrice"
            ),
            (redemption(items: #"[{"sku":"A","quantity":1}]"#), "/items/0/unitPrice"),
            (redemption(items: #"[{"sku":"A","quantity":"1","unitPrice":1}]"#), "/items/0/quantity"),
            ("{}", "/orderId"), ("[]", ""),
        ])
    func invalid(text: String, pointer: String) async throws {
        try await withCoupons { service in
            let answer = try await service.post("/redemptions", text: text)
            #expect(answer.status == 422)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(answer.problem?.code == "invalid-request")
            #expect(answer.problem?.errors?.first?.pointer == pointer)
            #expect(try await service.redemptions().isEmpty)
        }
    }

    @Test("all problems of a request are named at once")
    func allAtOnce() async throws {
        try await withCoupons { service in
            let answer = try await service.redeem("", "", by: "", items: [item("A"), item("", 0)])
            #expect(
                answer.problem?.errors?.map(\.pointer)
                    == ["/orderId", "/customerId", "/code", "/items/1/sku", "/items/1/quantity"])
            #expect(
                try await service.redeem("o1", items: Array(repeating: item("A"), count: 101)).status == 422)
            #expect(
                try await service.redeem("o1", items: Array(repeating: item("A"), count: 100)).status == 201)
        }
    }

    @Test("an invalid time, a missing code, a wrong type and numbers out of range are named together")
    func allKinds() async throws {
        try await withCoupons { service in
            let body = #"""
                {"orderId":"o1","customerId":true,"at":"yesterday",
                "items":[{"sku":"A","quantity":0,"unitPrice":-1},{"sku":null}]}
                """#
            let errors = try await service.post("/redemptions", text: body).problem?.errors ?? []
            #expect(
                errors.map(\.pointer).sorted() == [
                    "/at", "/code", "/customerId", "/items/0/quantity", "/items/0/unitPrice",
                    "/items/1/quantity",
                    "/items/1/sku", "/items/1/unitPrice",
                ])
        }
    }

    @Test("an unreadable body is refused by its kind, and nothing ends the service")
    func unreadable() async throws {
        try await withCoupons { service in
            #expect(
                try await service.post("/redemptions", text: "{\"orderId\":").problem?.code
                    == "malformed-json")
            #expect(try await service.post("/redemptions", text: "").status == 400)
            let deep = String(repeating: "[", count: 20_000) + String(repeating: "]", count: 20_000)
            let deepAnswer = try await service.post("/redemptions", text: deep)
            #expect((400..<500).contains(deepAnswer.status))
            let huge = Self.redemption(items: #"[{"sku":"A","quantity":1e400,"unitPrice":1}]"#)
            let hugeAnswer = try await service.post("/redemptions", text: huge)
            #expect((400..<500).contains(hugeAnswer.status))
            let large = Self.redemption(orderId: "\"\(String(repeating: "x", count: 300 * 1024))\"")
            #expect(try await service.post("/redemptions", text: large).status == 413)
            #expect(
                try await service.post("/redemptions", text: "a=b", contentType: "text/plain").status == 415)
            #expect(try await service.get("/readyz").status == 200)
        }
    }

    @Test("without the services' token nothing changes")
    func unauthorized() async throws {
        try await withCoupons { service in
            for token in [nil, "wrong", TestTokens.administrator] {
                #expect(try await service.post("/redemptions/o1/release", token: token).status == 401)
                let answer = try await service.post("/redemptions", ["orderId": "o1"], token: token)
                #expect(answer.status == 401)
                #expect(answer.header("WWW-Authenticate") == "Bearer")
            }
            #expect(try await service.redemptions().isEmpty)
            #expect(try await service.get("/coupons/ONCE", token: nil).status == 200)
        }
    }

    @Test("a coupon needs its code alone, the list of all needs the services' token")
    func listing() async throws {
        try await withCoupons { service in
            for token in [nil, "wrong", TestTokens.administrator] {
                let answer = try await service.get("/coupons", token: token)
                #expect(answer.status == 401 && answer.problem?.code == "unauthorized")
            }
            let page: Page<Coupon> = try await service.get("/coupons?limit=3").decode()
            #expect(page.items.map(\.code) == ["DAY", "ONCE", "TIME"])
            let rest: Page<Coupon> = try await service.get("/coupons?limit=3&cursor=\(page.nextCursor ?? "")")
                .decode()
            #expect(rest.items.map(\.code) == ["TWICE"] && rest.nextCursor == nil)
            #expect(try await service.get("/coupons?cursor=zz").status == 422)
        }
    }

    @Test("a request whose deadline has passed is 503 and changes nothing")
    func deadline() async throws {
        try await withCoupons { service in
            let answer = try await service.send(
                "POST", "/redemptions", body: Array(Self.redemption().utf8),
                headers: [(name: "csp-deadline-ms", value: "0")])
            #expect(answer.status == 503)
            #expect(answer.problem?.code == "deadline-exceeded")
            #expect(try await service.redemptions().isEmpty)
        }
    }

    @Test("unknown paths, ids and methods are 404 and 405")
    func unknown() async throws {
        try await withCoupons { service in
            #expect(try await service.get("/coupons/NONE").problem?.code == "not-found")
            #expect(try await service.get("/coupons/%00%ff").status == 404)
            #expect(try await service.get("/nothing").status == 404)
            let answer = try await service.send("DELETE", "/redemptions")
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == "GET, HEAD, POST")
            #expect(try await service.release("%00").status == 422)
            #expect(try await service.release(String(repeating: "x", count: 256)).status == 422)
        }
    }

    @Test("redemptions are filtered and paged, each listed once")
    func lists() async throws {
        try await withCoupons { service in
            for number in 0..<6 {
                #expect(try await service.redeem("o\(number)", "TWICE", by: "H\(number % 3)").status == 201)
            }
            #expect(try await service.redeem("p", by: "H1").status == 201)
            var seen: [String] = []
            var path = "/redemptions?limit=3"
            while true {
                let page: Page<Redemption> = try await service.get(path).decode()
                seen += page.items.map(\.orderId)
                guard let cursor = page.nextCursor else { break }
                path = "/redemptions?limit=3&cursor=\(cursor)"
            }
            #expect(seen == ["p", "o5", "o4", "o3", "o2", "o1", "o0"])
            #expect(try await service.redemptions("customerId=H1").map(\.orderId) == ["p", "o4", "o1"])
            #expect(try await service.redemptions("customerId=H1&code=ONCE").map(\.orderId) == ["p"])
            #expect(try await service.redemptions("orderId=o3").map(\.orderId) == ["o3"])
            #expect(try await service.redemptions("orderId=nothing").isEmpty)
            for query in ["status=gone", "limit=0", "limit=501", "limit=x", "cursor=zz"] {
                #expect(try await service.get("/redemptions?\(query)").status == 422)
            }
        }
    }
}
