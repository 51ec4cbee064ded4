import Contracts
import NotificationService
import TestSupport

let moment = Timestamp(milliseconds: 1_767_614_400_000)  // 2026-01-05T12:00:00Z

/// An event as JSON text; each field is JSON itself.
func event(
    id: String = "\"o1:order-confirmed\"", type: String = "\"order-confirmed\"",
    specversion: String = "\"1.0\"",
    source: String = "\"/services/order\"",
    data: String = #"{"orderId":"o1","customerId":"H1","amount":718}"#,
    more: String = ""
) -> String {
    #"{"specversion":\#(specversion),"id":\#(id),"source":\#(source),"type":\#(type),"#
        + #""data":\#(data)\#(more)}"#
}

extension RunningService<NotificationApplication> {
    func send(_ kind: NotificationKind, order: String, customer: String = "H1") async throws -> TestAnswer {
        try await post(
            "/events",
            CloudEvent(
                id: "\(order):\(kind.rawValue)", source: "/services/order", type: kind, subject: order,
                time: moment,
                data: NotificationData(orderId: order, customerId: customer, amount: 718, currency: "USD")))
    }

    func notifications(_ query: String = "") async throws -> [StoredNotification] {
        try await get("/notifications?limit=500&" + query).decode(Page<StoredNotification>.self).items
    }
}
