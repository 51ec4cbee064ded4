import Contracts
import Resilience
import ServingPath
import Transport

struct NotificationRoutes: Sendable {
    let notifications: NotificationStore
    let notify: Notify

    var routes: [Route] {
        [
            .post("/events", .sheddable, access: .services, addsWork: true) { try await accept($0) },
            .get("/notifications", query: .checked) { try await list($0) },
        ]
    }

    private func accept(_ call: Call) async throws -> Answer {
        let event = try await call.decode(CloudEvent.self) { $0.validate(&$1) }
        // It is one, or the event would have been refused.
        guard let kind = event.kind else { throw Problem.internalError }
        guard !call.deadline.hasPassed() else { throw Problem.deadlineExceeded }
        return try .json(202, try await notify(event, kind: kind))
    }

    private func list(_ call: Call) async throws -> Answer {
        var check = FieldCheck()
        let paging = Paging(call, filters: ["orderId", "customerId", "kind"], &check)
        let kind = call.query("kind", as: NotificationKind.self, &check)
        try check.finish()
        let filter = NotificationTable.Filter(
            orderId: call.query("orderId"), customerId: call.query("customerId"), kind: kind)
        return try await notifications.list(
            filter, after: paging.after, limit: paging.limit + 1, until: call.deadline
        ) { try await paging.answer($0) { $0.id } }
    }
}
