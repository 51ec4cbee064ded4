import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Idempotency keys", .timeLimit(.minutes(10)))
struct IdempotencyTests {
    @Test("the same key with the same body is the same order, marked as replayed")
    func replay() async throws {
        try await withStack { stack in
            let first = try await stack.place(request(), key: "key-1")
            let second = try await stack.place(request(), key: "key-1")
            #expect(second.status == 201)
            #expect(second.header("Idempotent-Replayed") == "true")
            let (one, two): (OrderDocument, OrderDocument) = (try first.decode(), try second.decode())
            #expect(one.id == two.id)
        }
    }

    @Test("a refusal is replayed as it was")
    func refusedReplay() async throws {
        try await withStack { stack in
            let first = try await stack.place(request(token: "tok_declined"), key: "key-1")
            let second = try await stack.place(request(token: "tok_declined"), key: "key-1")
            #expect(first.status == 402 && second.status == 402)
            #expect(second.header("Idempotent-Replayed") == "true")
            #expect(first.problem?.orderId == second.problem?.orderId)
            #expect(second.problem?.orderId != nil)
        }
    }

    @Test("the same key with another body is refused, whatever the first ended as")
    func reuse() async throws {
        try await withStack { stack in
            _ = try await stack.place(request(), key: "key-1")
            let other = try await stack.place(request([("PEAR", 1)]), key: "key-1")
            #expect(other.status == 422 && other.problem?.code == "idempotency-key-reused")
        }
    }

    @Test("validation errors don't use a key up")
    func validationKeepsKey() async throws {
        try await withStack { (stack) async throws in
            #expect(try await stack.place(request([]), key: "key-1").status == 422)
            #expect(try await stack.place(request(), key: "key-1").status == 201)
        }
    }

    @Test(
        "a key is required, of 1 to 255 visible ASCII characters",
        arguments: [
            nil, "", String(repeating: "k", count: 256), String(repeating: "k", count: 300), "with space",
            #""with space""#,
            "höhe",
        ])
    func malformedKeys(key: String?) async throws {
        try await withStack { stack in
            let answer = try await stack.order.post("/orders", request(), key: key)
            #expect(answer.status == 400)
            #expect(answer.problem?.code == "idempotency-key-required")
        }
    }

    @Test("a key as a structured field's string, as in the IETF draft, is the same key")
    func quoted() async throws {
        try await withStack { stack in
            let first: OrderDocument = try await stack.place(request(), key: "key-1").decode()
            let second = try await stack.place(request(), key: #""key-1""#)
            #expect(second.header("Idempotent-Replayed") == "true")
            #expect(try second.decode(OrderDocument.self).id == first.id)
            let escaped: OrderDocument = try await stack.place(request(), key: #"a"b\c"#).decode()
            #expect(
                try await stack.place(request(), key: #""a\"b\\c""#).decode(OrderDocument.self).id
                    == escaped.id)
            for empty in [#""""#, #"""#, #""a"#, #""a"b""#, #""a\b""#] {
                #expect(
                    try await stack.place(request(), key: empty).problem?.code == "idempotency-key-required",
                    "\(empty)")
            }
        }
    }

    @Test("explicit defaults, reordered lines and split lines are the same order")
    func sameMeaning() async throws {
        try await withStack { stack in
            let first: OrderDocument = try await stack.place(
                request([("APPLE", 2), ("PEAR", 1)]), key: "key-1"
            ).decode()
            let same = [
                request([("APPLE", 2), ("PEAR", 1)], ifCouponUnavailable: .refundLater),
                request([("PEAR", 1), ("APPLE", 2)]), request([("APPLE", 1), ("PEAR", 1), ("APPLE", 1)]),
            ]
            for again in same {
                #expect(try await stack.place(again, key: "key-1").decode(OrderDocument.self).id == first.id)
            }
            let other = request([("APPLE", 2), ("PEAR", 1)], ifCouponUnavailable: .reject)
            #expect(try await stack.place(other, key: "key-1").problem?.code == "idempotency-key-reused")
        }
    }

    @Test("200 parallel posts with one key make one order and one capture")
    func stampede() async throws {
        try await withStack { stack in
            let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
                for _ in 0..<200 { group.addTask { try await stack.place(request(), key: "key-1") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let ids = Set(
                answers.filter { $0.status == 201 }.compactMap { try? $0.decode(OrderDocument.self).id })
            #expect(ids.count == 1)
            let others = answers.filter { $0.status != 201 }
            #expect(
                others.allSatisfy {
                    $0.problem?.code == "request-in-progress" && $0.header("Retry-After") != nil
                })
            let orders: Page<OrderDocument> = try await stack.order.get("/orders").decode()
            #expect(orders.items.count == 1)
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.count == 1)
        }
    }
}
