import Contracts
import TestSupport
import Testing

@Suite("What the payment service answers to bad requests", .timeLimit(.minutes(10)))
struct PaymentRequestTests {
    private static func body(
        orderId: String = "\"o1\"", customerId: String = "\"H1\"", amount: String = "718",
        currency: String = "\"USD\"",
        token: String = "\"tok_ok\""
    ) -> String {
        #"{"orderId":\#(orderId),"customerId":\#(customerId),"amount":\#(amount),"currency":\#(currency),"#
            + #""token":\#(token),"more":{"x":[1]}}"#
    }

    private static let tooLong = "\"\(String(repeating: "x", count: 256))\""

    @Test("an unknown field is ignored")
    func tolerant() async throws {
        try await withPayments { (service) async throws in
            #expect(try await service.post("/payments", text: Self.body(), key: "k1").status == 201)
        }
    }

    @Test(
        "a field out of range is 422 with a pointer to it",
        arguments: [
            (body(orderId: "\"\""), "/orderId"), (body(orderId: "7"), "/orderId"),
            (body(orderId: "null"), "/orderId"),
            (body(orderId: "\"a\\u0000b\""), "/orderId"), (body(orderId: tooLong), "/orderId"),
            (body(customerId: "\"\""), "/customerId"), (body(customerId: tooLong), "/customerId"),
            (body(amount: "0"), "/amount"), (body(amount: "-1"), "/amount"),
            (body(amount: "\"718\""), "/amount"),
            (body(amount: "1.5"), "/amount"), (body(amount: "1e400"), "/amount"),
            (body(amount: "null"), "/amount"),
            (body(amount: "1000000000000001"), "/amount"), (body(amount: "9223372036854775807"), "/amount"),
            (body(amount: "9223372036854775808"), "/amount"), (body(amount: "true"), "/amount"),
            (body(currency: "\"usd\""), "/currency"), (body(currency: "\"US\""), "/currency"),
            (body(currency: "\"ÄÖ\""), "/currency"), (body(token: "\"\""), "/token"),
            (body(token: tooLong), "/token"),
            ("{}", "/orderId"), ("[]", ""),
        ])
    func invalid(text: String, pointer: String) async throws {
        try await withPayments { service in
            let answer = try await service.post("/payments", text: text, key: "k1")
            #expect(answer.status == 422)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(answer.problem?.code == "invalid-request")
            #expect(answer.problem?.errors?.first?.pointer == pointer)
            #expect(try await service.payments().isEmpty)
        }
    }

    @Test("a refund or a void with a field out of range is 422 with a pointer to it, and changes nothing")
    func invalidUndo() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("o1")).decode()
            let refunds = "/payments/\(payment.id)/refunds"
            for (path, text, pointer) in [
                (refunds, #"{"amount":0,"reason":"r"}"#, "/amount"),
                (refunds, #"{"amount":-5,"reason":"r"}"#, "/amount"),
                (refunds, #"{"amount":1,"reason":""}"#, "/reason"), (refunds, #"{"amount":1}"#, "/reason"),
                (refunds, #"{"amount":1,"reason":"a\u0000b"}"#, "/reason"), (refunds, "[]", ""),
                ("/payments/void", "{}", "/orderId"), ("/payments/void", #"{"orderId":""}"#, "/orderId"),
                ("/payments/void", #"{"orderId":"o1\u0000"}"#, "/orderId"), ("/payments/void", "3", ""),
            ] {
                let answer = try await service.post(path, text: text, key: "r1")
                #expect(answer.status == 422, "\(text)")
                #expect(answer.problem?.errors?.first?.pointer == pointer, "\(text)")
            }
            #expect(try await service.payments() == [payment])
        }
    }

    @Test("all problems of a request are named at once, and don't consume the key")
    func allAtOnce() async throws {
        try await withPayments { service in
            let answer = try await service.capture(charge("", by: "", 0, in: "", token: ""), key: "k1")
            #expect(
                answer.problem?.errors?.map(\.pointer) == [
                    "/orderId", "/customerId", "/amount", "/currency", "/token",
                ])
            #expect(try await service.capture(charge("o1"), key: "k1").status == 201)
        }
    }

    @Test(
        "a capture or refund without a key of 1 to 255 visible ASCII characters is 400, and changes nothing")
    func keys() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("paid")).decode()
            for key in [
                nil, "two words", "ключ", String(repeating: "k", count: 256),
                String(repeating: "k", count: 300),
            ] {
                let capture = try await service.post("/payments", charge("o1"), key: key)
                let refund = try await service.post(
                    "/payments/\(payment.id)/refunds", RefundRequest(amount: 1, reason: "r"), key: key)
                for answer in [capture, refund] {
                    #expect(answer.status == 400)
                    #expect(answer.problem?.code == "idempotency-key-required")
                }
            }
            #expect(try await service.payments() == [payment])
            #expect(
                try await service.capture(charge("o1"), key: String(repeating: "~", count: 255)).status == 201
            )
        }
    }

    @Test("text in any script is kept, and a canonically equal order id is no second charge")
    func unicode() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(
                charge("caf\u{e9} 💸 'x\" %", by: "고객"), key: "k1"
            ).decode()
            #expect(payment.orderId == "caf\u{e9} 💸 'x\" %")
            #expect(payment.customerId == "고객")
            let again = try await service.capture(charge("cafe\u{301} 💸 'x\" %", by: "고객"), key: "k1")
            #expect(again.isReplayed)
            #expect(try await service.payments() == [payment])
            #expect(try await service.payments("orderId=caf%C3%A9%20%F0%9F%92%B8%20'x%22%20%25") == [payment])
        }
    }

    @Test("an unreadable body is refused by its kind, and nothing ends the service")
    func unreadable() async throws {
        try await withPayments { service in
            for path in ["/payments", "/payments/void", "/payments/pay_0/refunds"] {
                let broken = try await service.post(path, text: "{\"orderId\":", key: "k1")
                #expect(broken.status == 400)
                #expect(broken.problem?.code == "malformed-json")
                #expect(try await service.post(path, text: "", key: "k1").status == 400)
                let deep = String(repeating: "[", count: 20_000) + String(repeating: "]", count: 20_000)
                #expect(try await (400..<500).contains(service.post(path, text: deep, key: "k1").status))
                let large = Self.body(orderId: "\"\(String(repeating: "x", count: 300 * 1024))\"")
                #expect(try await service.post(path, text: large, key: "k1").status == 413)
                #expect(
                    try await service.post(path, text: "a=b", key: "k1", contentType: "text/plain").status
                        == 415)
            }
            #expect(try await service.get("/readyz").status == 200)
        }
    }

    @Test("without the services' token nothing changes")
    func unauthorized() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("paid")).decode()
            for token in [nil, "wrong", TestTokens.administrator] {
                for answer in [
                    try await service.post("/payments", charge("o1"), key: "k1", token: token),
                    try await service.post("/payments/void", VoidRequest(orderId: "paid"), token: token),
                    try await service.post(
                        "/payments/\(payment.id)/refunds", RefundRequest(amount: 1, reason: "r"), key: "r1",
                        token: token),
                ] {
                    #expect(answer.status == 401)
                    #expect(answer.problem?.code == "unauthorized")
                    #expect(answer.header("WWW-Authenticate") == "Bearer")
                }
            }
            #expect(
                try await service.get("/payments?orderId=paid", token: nil).decode(Page<Payment>.self).items
                    == [payment])
        }
    }

    @Test("a capture or refund whose deadline has passed is 503 and changes nothing")
    func deadline() async throws {
        try await withPayments { service in
            let payment: Payment = try await service.capture(charge("paid")).decode()
            for (path, text) in [
                ("/payments", Self.body()),
                ("/payments/\(payment.id)/refunds", #"{"amount":1,"reason":"r"}"#),
            ] {
                let answer = try await service.send(
                    "POST", path, body: Array(text.utf8),
                    headers: [(name: "csp-deadline-ms", value: "0"), (name: "Idempotency-Key", value: "k1")])
                #expect(answer.status == 503)
                #expect(answer.problem?.code == "deadline-exceeded")
                #expect(answer.header("Retry-After") != nil)
            }
            #expect(try await service.payments() == [payment])
        }
    }

    @Test("an unknown path is 404, a wrong method 405 that names the right ones")
    func paths() async throws {
        try await withPayments { service in
            #expect(try await service.get("/nothing").status == 404)
            for (method, path, allowed) in [
                ("DELETE", "/payments", "GET, HEAD, POST"), ("POST", "/ledger", "GET, HEAD"),
                ("PUT", "/payments/pay_0/refunds", "POST"),
            ] {
                let answer = try await service.send(method, path)
                #expect(answer.status == 405)
                #expect(answer.header("Allow") == allowed)
            }
        }
    }

    @Test("payments are listed oldest first, filtered and paged, each once")
    func lists() async throws {
        let time = ManualTime()
        try await withPayments(wall: { noon.advanced(by: time.elapsed) }) { service in
            for number in 0..<7 {
                #expect(try await service.capture(charge("o\(number)")).status == 201)
                #expect(try await service.void("tombstone-\(number)").status == 200)
                time.advance(by: .milliseconds(1))
            }
            var seen: [String] = []
            var path = "/payments?limit=3"
            while true {
                let page: Page<Payment> = try await service.get(path).decode()
                seen += page.items.map(\.orderId)
                guard let cursor = page.nextCursor else { break }
                path = "/payments?limit=3&cursor=\(cursor)"
            }
            #expect(seen == ["o0", "o1", "o2", "o3", "o4", "o5", "o6"])
            #expect(try await service.get("/payments").text.contains("\"nextCursor\":null"))
            #expect(try await service.payments("orderId=o3").map(\.orderId) == ["o3"])
            #expect(try await service.payments("orderId=nothing").isEmpty)
            for query in ["limit=0", "limit=501", "limit=x", "cursor=zz", "orderId=o3%00"] {
                #expect(try await service.get("/payments?\(query)").status == 422)
            }
        }
    }
}
