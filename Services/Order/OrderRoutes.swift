import Contracts
import Foundation
import HTTPTypes
import Resilience
import Runtime
import ServingPath
import Transport

struct OrderRoutes: Sendable {
    let store: OrderStore
    let place: PlaceOrder
    let cancel: CancelOrder
    let refund: RefundOrder
    let quote: QuoteOrder
    /// What a customer waits for an order at most.
    let budget: Duration

    /// What an operator waits for a refund at most.
    static let refundBudget = Duration.seconds(5)

    var routes: [Route] {
        [
            .post("/orders", .criticalPlus, budget: budget, addsWork: true, answersRepeats: true) {
                try await placeOrder($0)
            },
            .get("/orders", query: .checked) { try await list($0) },
            .get("/orders/{id}") { try await show($0) },
            .get("/orders/{id}/timeline") { try await timeline($0) },
            .post("/orders/{id}/cancel", .criticalPlus) { try await cancelOrder($0) },
            .post(
                "/orders/{id}/refunds", .critical, budget: Self.refundBudget, access: .administrators,
                addsWork: true
            ) { try await refundOrder($0) },
            .get("/deleted-goods", query: .checked) { try await $0.list { _ in store.deletedGoods() } },
            .post("/quotes", .sheddablePlus, budget: budget) { try await quoteOrder($0) },
        ]
    }

    private func placeOrder(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let request = try await call.decode(OrderRequest.self) { $0.validate(&$1) }.canonical
        let outcome =
            if let refusal = call.refusal {
                try await place.repeated(request, key: key, else: refusal)
            } else {
                try await place(request, body: call.body, key: key, for: call.customer)
            }
        switch outcome {
        case .order(let status, let id, let document, let replayed):
            return .json(Self.code(status), encoded: document, headers: Self.headers(id, replayed))
        case .refused(let error, let replayed):
            var problem = error.problem
            if replayed { problem.headers[.idempotentReplayed] = "true" }
            throw problem
        }
    }

    private static func headers(_ orderId: String, _ replayed: Bool) -> HTTPFields {
        var headers: HTTPFields = [.location: "/orders/\(orderId)"]
        if replayed { headers[.idempotentReplayed] = "true" }
        return headers
    }

    /// How `POST /orders` answers for an order in this state.
    private static func code(_ status: OrderStatus) -> Int {
        switch status {
        case .confirmed: 201
        case .placing, .accepted: 202
        case .cancelled, .rejected: 200
        }
    }

    private func list(_ call: Call) async throws -> Answer {
        try await call.list(filters: ["customerId", "degraded", "status"]) { check in
            let status = call.query("status", as: OrderStatus.self, &check)
            let degraded = call.query("degraded")
            check(degraded == nil || degraded == "true", "/degraded", "must be true, or left out")
            return store.list(
                customerId: call.query("customerId"), isDegraded: degraded != nil, status: status)
        }
    }

    private func show(_ call: Call) async throws -> Answer {
        let id = try orderId(call)
        guard let document = try await store.document(id) else { throw OrderError.unknownOrder(id: id) }
        return .json(200, encoded: document)
    }

    private func timeline(_ call: Call) async throws -> Answer {
        let id = try orderId(call)
        guard let order = try await store.order(id) else { throw OrderError.unknownOrder(id: id) }
        return try .json(200, Page(items: order.progress.timeline))
    }

    private func cancelOrder(_ call: Call) async throws -> Answer {
        .json(200, encoded: try await cancel(orderId(call)))
    }

    private func refundOrder(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let request = try await call.decode(OrderRefundRequest.self) { $0.validate(&$1) }.canonical
        let id = try orderId(call)
        let refunded = try await refund(id, request, key: key, for: call.customer)
        return .json(
            refunded.isPending ? 202 : 201, encoded: refunded.document,
            headers: Self.headers(id, refunded.isReplayed))
    }

    private func orderId(_ call: Call) throws -> String {
        try call.id("id") { OrderError.unknownOrder(id: $0) }
    }

    private func quoteOrder(_ call: Call) async throws -> Answer {
        var request = try await call.decode(OrderRequest.self) { $0.validate(&$1) }.canonical
        // Of no use here, whatever it is.
        request.payment = nil
        return try .json(200, try await quote(request, for: call.customer))
    }
}

extension Call {
    fileprivate var customer: Caller { .customer(until: deadline, criticality) }
}
