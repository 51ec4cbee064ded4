import Contracts
import Testing

@testable import CommandLine

@Suite struct OrderReplyTests {
    private func reply(_ status: Int, _ body: some Encodable, retryAfter: String? = nil) throws -> OrderReply
    {
        self.reply(status, body: try Array(JSON.encode(body)), retryAfter: retryAfter)
    }

    private func reply(_ status: Int, body: [UInt8], retryAfter: String? = nil) -> OrderReply {
        OrderReply(OrderAnswer(status: status, retryAfter: retryAfter, body: body))
    }

    private func problem(_ status: Int, _ code: String) -> ProblemDocument {
        ProblemDocument(status: status, code: code, title: "", detail: "")
    }

    @Test("201 confirmed ends an order, 202 is followed, 200 cancelled ends it")
    func orders() throws {
        let confirmed = OrderDocument.sample("o", .confirmed)
        #expect(try reply(201, confirmed) == .ended(.confirmed, confirmed))
        for status in [OrderStatus.accepted, .placing] {
            let order = OrderDocument.sample("o", status)
            #expect(try reply(202, order) == .follow(order))
        }
        let cancelled = OrderDocument.sample("o", .cancelled)
        #expect(try reply(200, cancelled) == .ended(.cancelled, cancelled))
        #expect(try reply(409, problem(409, "order-cancelled")) == .ended(.cancelled, nil))
    }

    @Test(
        "every refusal of the table ends an order with its code",
        arguments: [
            (402, "payment-declined"), (409, "out-of-stock"), (409, "total-exceeded"), (422, "unknown-sku"),
            (422, "coupon-refused"),
        ])
    func refusals(status: Int, code: String) throws {
        #expect(try reply(status, problem(status, code)) == .ended(.refused(code: code), nil))
    }

    @Test("a key in progress or turned away is sent again, not before Retry-After")
    func again() throws {
        #expect(
            try reply(409, problem(409, "request-in-progress"), retryAfter: "2")
                == .again(after: 2, "409 request-in-progress"))
        #expect(
            try reply(503, problem(503, "overloaded"), retryAfter: "1")
                == .turnedAway(after: 1, code: "overloaded"))
        #expect(
            try reply(429, problem(429, "rate-limited"), retryAfter: "3")
                == .turnedAway(after: 3, code: "rate-limited"))
        #expect(
            try reply(503, problem(503, "storage-failed"), retryAfter: "5")
                == .again(after: 5, "503 storage-failed"))
        #expect(reply(503, body: []) == .again(after: 0, "503 "))
    }

    @Test("an answer outside the table is unexpected, whatever its status")
    func unexpected() throws {
        func isUnexpected(_ reply: OrderReply) -> Bool {
            if case .ended(.unexpected, _) = reply { true } else { false }
        }
        #expect(isUnexpected(reply(201, body: Array("fine".utf8))))
        #expect(isUnexpected(try reply(201, OrderDocument.sample("o", .accepted))))
        #expect(isUnexpected(try reply(202, OrderDocument.sample("o", .confirmed))))
        #expect(isUnexpected(try reply(422, problem(422, "invalid-request"))))
        #expect(isUnexpected(try reply(409, problem(409, "coupon-refused"))))
        #expect(isUnexpected(reply(500, body: [])))
    }

    @Test("a followed order ends when it is terminal, and not before")
    func followed() {
        #expect(OrderReply.ending(of: .sample("o", .accepted)) == nil)
        #expect(OrderReply.ending(of: .sample("o", .confirmed)) == .confirmed)
        #expect(OrderReply.ending(of: .sample("o", .cancelled)) == .cancelled)
        #expect(OrderReply.ending(of: .sample("o", .rejected)) == .refused(code: "rejected"))
    }
}
