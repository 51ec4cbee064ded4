import Contracts
import ServingPath
import Testing

@testable import OrderService

@Suite("What becomes of an order")
struct DecisionTests {
    private static let now = Timestamp(milliseconds: 1_767_600_000_000)

    private static func order(_ status: OrderStatus = .placing, coupon: String? = nil) throws -> Order {
        var order = Order(id: "ord_1", request: request(coupon: coupon), at: now)
        if status == .accepted { try order.accept(pending: .inventory(.timeout), at: now) }
        return order
    }

    private static func decide(
        _ ending: Checkout.Ending, _ order: Order, waiting: Bool
    ) throws -> Decision {
        try .decide(
            ending, order, .init(isCustomerWaiting: waiting, isNotificationUnavailable: false, now: now))
    }

    /// A decision as text: the status, the answer, the messages.
    private static func words(_ decision: Decision) -> [String] {
        switch decision {
        case .retry: ["retry"]
        case .promise(let change, _, _): ["if in stock"] + words(change)
        case .conclude(let change, .order): words(change)
        case .conclude(let change, .problem(let error)): ["\(error.document.status)"] + words(change)
        }
    }

    private static func words(_ change: OrderChange) -> [String] {
        [change.order.status.rawValue] + (change.freesKey ? ["frees the key"] : [])
            + change.messages.map(\.kind.rawValue)
    }

    private static let undoAll = ["void-payment", "release-reservation"]

    @Test("with a waiting customer each end of the checkout has an answer and complete messages")
    func waiting() throws {
        let released = ["release-reservation", "release-redemption"]
        let cases: [(Checkout.Ending, [String])] = [
            (.paid, ["confirmed", "commit-reservation", "order-confirmed"]),
            (.paymentUnavailable(.timeout), ["accepted", "order-accepted"]),
            (.inventoryUnavailable(.timeout, stock: [:]), ["if in stock", "accepted", "order-accepted"]),
            (.priceUnavailable(.timeout), ["503", "rejected", "frees the key"] + released),
            (.priceUnavailable(.circuitOpen), ["503", "rejected", "frees the key"]),
            (.couponUnavailable(.timeout), ["503", "rejected", "frees the key"] + released),
            (.refused(.paymentDeclined(reason: "no")), ["402", "rejected"] + released),
            (.refused(.paymentMissing), ["422", "rejected", "frees the key"] + released),
            (.voided, ["409", "cancelled"] + Self.undoAll + ["release-redemption", "order-cancelled"]),
        ]
        for (ending, expected) in cases {
            #expect(
                try Self.words(Self.decide(ending, Self.order(coupon: "C"), waiting: true)) == expected,
                "\(ending)")
        }
    }

    @Test("from the outbox an outage is retried, and an accepted order is cancelled, not rejected")
    func outbox() throws {
        let cases: [(Checkout.Ending, OrderStatus, [String])] = [
            (.paid, .placing, ["confirmed", "commit-reservation", "order-confirmed"]),
            (.paid, .accepted, ["confirmed", "commit-reservation", "order-confirmed"]),
            (.paymentUnavailable(.timeout), .placing, ["accepted", "order-accepted"]),
            // Its stock was pending before, so it has advanced.
            (.paymentUnavailable(.timeout), .accepted, ["accepted"]),
            (.inventoryUnavailable(.timeout, stock: [:]), .accepted, ["retry"]),
            (.priceUnavailable(.timeout), .placing, ["retry"]),
            (.couponUnavailable(.timeout), .placing, ["cancelled"] + Self.undoAll + ["order-cancelled"]),
            (.refused(.paymentDeclined(reason: "no")), .placing, ["402", "rejected"] + Self.undoAll),
            (
                .refused(.paymentDeclined(reason: "no")), .accepted,
                ["cancelled"] + Self.undoAll + ["order-cancelled"]
            ),
            (.refused(.paymentMissing), .placing, ["422", "rejected", "frees the key"] + Self.undoAll),
            (.voided, .accepted, ["cancelled"] + Self.undoAll + ["order-cancelled"]),
        ]
        for (ending, status, expected) in cases {
            #expect(
                try Self.words(Self.decide(ending, Self.order(status), waiting: false)) == expected,
                "\(ending), \(status)")
        }
    }

    @Test("an accepted order whose payment alone is pending is tried again")
    func unpaid() throws {
        var order = try Self.order(.accepted)
        order.proceed(pending: .payment(.timeout), at: Self.now)
        #expect(
            try Self.words(Self.decide(.paymentUnavailable(.timeout), order, waiting: false)) == ["retry"])
    }

    @Test("a confirmed order's coupon is repaired if due, else released if it may be used")
    func coupon() throws {
        for (repair, message) in [
            (Degradation.Repair.refundLater, "repair-coupon"), (.none, "release-redemption"),
        ] {
            var order = try Self.order(coupon: "C")
            order.skipCoupon(reason: "timeout", repair: repair)
            let decided = try Self.words(Self.decide(.paid, order, waiting: true))
            #expect(decided == ["confirmed", "commit-reservation", "order-confirmed", message])
        }
    }

    @Test("an order leaves no terminal state, and never goes back", arguments: OrderStatus.allCases)
    func illegal(status: OrderStatus) throws {
        var order = try Self.order()
        switch status {
        case .placing: break
        case .accepted: try order.accept(pending: .payment(.timeout), at: Self.now)
        case .confirmed: try order.confirm(at: Self.now)
        case .rejected: try order.reject(OrderError.paymentMissing.document, at: Self.now)
        case .cancelled: try order.cancel("why", at: Self.now)
        }
        func isLegal(_ change: (inout Order) throws -> Void) -> Bool {
            var changed = order
            return (try? change(&changed)) != nil
        }
        let legal: [OrderStatus] =
            [
                isLegal { try $0.accept(pending: .payment(.timeout), at: Self.now) } ? .accepted : nil,
                isLegal { try $0.confirm(at: Self.now) } ? .confirmed : nil,
                isLegal { try $0.reject(OrderError.paymentMissing.document, at: Self.now) } ? .rejected : nil,
                isLegal { try $0.cancel("why", at: Self.now) } ? .cancelled : nil,
            ].compactMap { $0 }
        let expected: [OrderStatus] =
            switch status {
            case .placing: [.accepted, .confirmed, .rejected, .cancelled]
            case .accepted: [.confirmed, .cancelled]
            case .confirmed, .rejected, .cancelled: []
            }
        #expect(legal == expected)
    }
}
