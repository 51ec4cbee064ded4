import Contracts
import Foundation
import HTTPTypes
import Runtime
import TestSupport
import Testing
import Transport

@Suite("Bad input to order", .timeLimit(.minutes(10)))
struct BadInputTests {
    private static let valid =
        #"{"customerId":"H1","items":[{"sku":"APPLE","quantity":1}],"payment":{"token":"tok_ok"}}"#

    @Test("every malformed body has its status and code, and never a 500")
    func bodies() async throws {
        let items = { (items: String) in
            #"{"customerId":"H1","items":\#(items),"payment":{"token":"tok_ok"}}"#
        }
        let cases: [(String, Int, String, String?)] = [
            ("", 400, "malformed-json", nil),
            ("{", 400, "malformed-json", nil),
            ("nonsense", 400, "malformed-json", nil),
            (#"{"customerId":"\ud800"}"#, 400, "malformed-json", nil),
            (String(repeating: "[", count: 100_000), 400, "malformed-json", nil),
            (
                items(String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000)), 400,
                "malformed-json", nil
            ),
            ("[]", 422, "invalid-request", ""),
            ("5", 422, "invalid-request", ""),
            ("null", 422, "invalid-request", ""),
            ("{}", 422, "invalid-request", "/customerId"),
            (items(#"[{"sku":"APPLE","quantity":"1"}]"#), 422, "invalid-request", "/items/0/quantity"),
            (items(#"[{"sku":"APPLE","quantity":1.5}]"#), 422, "invalid-request", "/items/0/quantity"),
            (items(#"[{"sku":"APPLE","quantity":-1}]"#), 422, "invalid-request", "/items/0/quantity"),
            (items(#"[{"sku":"APPLE","quantity":0}]"#), 422, "invalid-request", "/items/0/quantity"),
            (items(#"[{"sku":"APPLE","quantity":1001}]"#), 422, "invalid-request", "/items/0/quantity"),
            (
                items(#"[{"sku":"APPLE","quantity":99999999999999999999999}]"#), 422, "invalid-request",
                "/items/0/quantity"
            ),
            (items(#"[{"sku":"APPLE","quantity":1e400}]"#), 422, "invalid-request", "/items/0/quantity"),
            (items(#"[{"sku":"APPLE"}]"#), 422, "invalid-request", "/items/0/quantity"),
            (items(#"[{"sku":7,"quantity":1}]"#), 422, "invalid-request", "/items/0/sku"),
            (items(#"[{"sku":"","quantity":1}]"#), 422, "invalid-request", "/items/0/sku"),
            (items("[]"), 422, "invalid-request", "/items"),
            (items("{}"), 422, "invalid-request", "/items"),
            (items("null"), 422, "invalid-request", "/items"),
            (
                #"{"customerId":"H1","items":[{"sku":"APPLE","quantity":1}]}"#, 422, "invalid-request",
                "/payment"
            ),
            (
                Self.valid.replacing(#""payment""#, with: #""maxTotal":-1,"payment""#), 422,
                "invalid-request", "/maxTotal"
            ),
            (
                Self.valid.replacing(#""payment""#, with: #""couponCode":"","payment""#), 422,
                "invalid-request", "/couponCode"
            ),
            (
                Self.valid.replacing(#""payment""#, with: #""ifCouponUnavailable":"maybe","payment""#), 422,
                "invalid-request",
                "/ifCouponUnavailable"
            ),
        ]
        try await withStack { (stack) async throws in
            for (body, status, code, pointer) in cases {
                let answer = try await stack.order.post("/orders", text: body, key: UUID().uuidString)
                let shown = Comment(rawValue: "\(body.prefix(100)) → \(answer.text)")
                #expect(answer.status == status, shown)
                #expect(answer.problem?.code == code, shown)
                if let pointer { #expect(answer.problem?.errors?.first?.pointer == pointer, shown) }
                #expect(answer.header("Content-Type") == "application/problem+json", shown)
            }
            #expect(try await stack.order.get("/readyz").status == 200)
        }
    }

    @Test("several fields out of range are listed together")
    func allAtOnce() async throws {
        try await withStack { (stack) async throws in
            let bad = OrderRequest(
                customerId: "", items: [ItemQuantity(sku: "", quantity: 0)], payment: PaymentMeans(token: ""))
            let problem = try await stack.place(bad).problem
            #expect(
                problem?.errors?.map(\.pointer) == [
                    "/customerId", "/items/0/sku", "/items/0/quantity", "/payment/token",
                ])
        }
    }

    @Test("a wrong type, a missing field, an unknown word and a number out of range are listed together")
    func allKindsAtOnce() async throws {
        try await withStack { (stack) async throws in
            let body = #"""
                {"customerId":7,
                "items":[{"sku":"APPLE","quantity":0},{"quantity":1.5},7,{"sku":"PEAR","quantity":1}],
                "ifCouponUnavailable":"maybe","maxTotal":-1,"couponCode":null,"payment":{}}
                """#
            let answer = try await stack.order.post("/orders", text: body, key: "key-1")
            let errors = (answer.problem?.errors ?? []).map { "\($0.pointer) \($0.detail)" }
            #expect(
                Set(errors) == [
                    "/customerId must be a string", "/items/1/sku is required",
                    "/items/1/quantity must be a whole number in range", "/items/2 must be an object",
                    "/ifCouponUnavailable is not a value that this field can take",
                    "/payment/token is required",
                    "/items/0/quantity must be a whole number from 1 to 1000",
                    "/maxTotal must not be negative",
                ])
            let many =
                #"{"customerId":7,"items":[\#(Array(repeating: "{}", count: 100).joined(separator: ","))]}"#
            #expect(
                try await stack.order.post("/orders", text: many, key: "key-1").problem?.errors?.count == 20)
        }
    }

    @Test("a list names unknown parameters, and the problems of the known ones")
    func unknownParameters() async throws {
        try await withStack { (stack) async throws in
            let lists: [(String, @Sendable (String) async throws -> TestAnswer)] = [
                ("/orders", { try await stack.order.get($0) }),
                ("/queue/dead", { try await stack.order.get($0) }),
                ("/payments", { try await stack.payment.get($0) }),
                ("/products", { try await stack.inventory.get($0) }),
                ("/stock", { try await stack.inventory.get($0) }),
                ("/reservations", { try await stack.inventory.get($0) }),
                ("/coupons", { try await stack.coupon.get($0) }),
                ("/redemptions", { try await stack.coupon.get($0) }),
                ("/notifications", { try await stack.notification.get($0) }),
            ]
            for (path, get) in lists {
                let answer = try await get("\(path)?state=lost&limit=0&cursor=nonsense")
                #expect(answer.status == 422 && answer.problem?.code == "invalid-request", "\(path)")
                #expect(
                    answer.problem?.errors?.map(\.pointer).sorted() == ["/cursor", "/limit", "/state"],
                    "\(path)")
            }
            let problem = try await stack.order.get("/orders?status=lost&Limit=1").problem
            #expect(problem?.errors?.map(\.pointer).sorted() == ["/Limit", "/status"])
            #expect(
                problem?.errors?.contains {
                    $0.detail == "is not known here: limit, cursor, customerId, degraded, status are"
                } == true)
        }
    }

    @Test("other routes refuse query parameters, found or not; monitoring routes ignore them")
    func noParameters() async throws {
        try await withStack { (stack) async throws in
            let order: OrderDocument = try await stack.place(request()).decode()
            func refuses(_ service: RunningService<some ServiceApplication>, _ count: Int) async throws {
                let paths = service.application.routes.filter { $0.method == .get && $0.query != .checked }
                    .map(\.path)
                #expect(paths.count == count)
                for path in paths {
                    for id in [order.id, "nothing"] {
                        let asked = path.split(separator: "/").map { $0.hasPrefix("{") ? id : String($0) }
                        let answer = try await service.get("/\(asked.joined(separator: "/"))?limit=1&x=")
                        #expect(
                            answer.status == 422
                                && answer.problem?.errors?.map(\.pointer) == ["/limit", "/x"], "\(path)")
                    }
                }
            }
            try await refuses(stack.order, 2)
            try await refuses(stack.payment, 2)
            try await refuses(stack.inventory, 3)
            try await refuses(stack.coupon, 1)
            try await refuses(stack.notification, 0)
            for path in ["/livez", "/readyz", "/metrics", "/openapi.json", "/csp", "/queue"] {
                #expect(try await stack.order.get("\(path)?verbose").status == 200, "\(path)")
            }
        }
    }

    @Test("unknown fields are ignored, and 100 items are allowed where 101 are not")
    func tolerated() async throws {
        try await withStack { (stack) async throws in
            let extra = Self.valid.replacing(
                "{\"customerId\"", with: #"{"extra":{"deep":[1,2,{}]},"customerId""#)
            #expect(try await stack.order.post("/orders", text: extra, key: "key-1").status == 201)
            let many = Array(repeating: ("APPLE", 1), count: 100)
            #expect(try await stack.place(request(many)).status == 201)
            #expect(try await stack.place(request(many + [("APPLE", 1)])).status == 422)
        }
    }

    @Test("a large body is 413, another media type 415, an unknown path 404, a wrong method 405")
    func shapes() async throws {
        try await withStack { (stack) async throws in
            let order = stack.order
            let huge = Self.valid.replacing("H1", with: String(repeating: "h", count: 300 * 1024))
            #expect(try await order.post("/orders", text: huge, key: "k").status == 413)
            #expect(
                try await order.post("/orders", text: Self.valid, key: "k", contentType: "text/plain").status
                    == 415)
            #expect(
                try await order.post("/orders", text: Self.valid, key: "k", contentType: nil).status == 415)
            #expect(try await order.get("/nothing").status == 404)
            #expect(try await order.get("/orders/ord_unknown").status == 404)
            #expect(try await order.get("/orders/ord_unknown/timeline").status == 404)
            let wrong = try await order.send("DELETE", "/orders")
            #expect(wrong.status == 405 && wrong.header("Allow") == "GET, HEAD, POST")
            #expect(try await order.send("POST", "/queue/dead/redrive", token: nil).status == 401)
            #expect(
                try await order.send("POST", "/queue/dead/redrive", token: TestTokens.administrator).status
                    == 200)
            #expect(try await order.get("/orders?limit=0").status == 422)
            #expect(try await order.get("/orders?limit=501").status == 422)
            #expect(try await order.get("/orders?cursor=nonsense").status == 422)
            #expect(try await order.get("/orders?status=lost").status == 422)
        }
    }
}
