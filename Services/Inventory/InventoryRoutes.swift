import Contracts
import HTTPTypes
import Resilience
import Runtime
import ServingPath
import Transport

struct InventoryRoutes: Sendable {
    let reservations: ReservationStore
    let wall: @Sendable () -> Timestamp
    let reserve: Reserve
    let commit: CommitReservation
    let release: ReleaseReservation
    let takeBack: TakeBack

    /// How long a customer waits for a page of the shop.
    private static let browsing = Duration.seconds(1)

    var routes: [Route] {
        [
            .post("/reservations", .criticalPlus, access: .services, addsWork: true) {
                try await makeReservation($0)
            },
            .get("/reservations", query: .checked) { try await listReservations($0) },
            .get("/reservations/{orderId}") {
                try await show($0, "orderId", "reservation") {
                    try await reservations.reservation($0)?.seen(at: wall())
                }
            },
            .post("/reservations/{orderId}/commit", .criticalPlus, access: .services) {
                try await change($0, commit.callAsFunction)
            },
            .post("/reservations/{orderId}/release", .criticalPlus, access: .services) {
                try await change($0, release.callAsFunction)
            },
            .post("/reservations/{orderId}/returns", .critical, access: .services) {
                try await returnGoods($0)
            },
            .get("/products", .sheddablePlus, budget: Self.browsing, query: .checked) {
                try await $0.list { _ in reservations.products() }
            },
            .get("/products/{sku}", .sheddablePlus, budget: Self.browsing) { try await product($0) },
            .get("/stock", .sheddablePlus, budget: Self.browsing, query: .checked) {
                try await $0.list { _ in reservations.stocks() }
            },
            .get("/stock/{sku}", .sheddablePlus, budget: Self.browsing) {
                try await show($0, "sku", "stock", reservations.stock)
            },
        ]
    }

    private func makeReservation(_ call: Call) async throws -> Answer {
        let request = try await call.decode(ReservationRequest.self) { $0.validate(&$1) }.canonical
        return try .json(201, try await reserve(request))
    }

    private func returnGoods(_ call: Call) async throws -> Answer {
        let request = try await call.decode(ReturnRequest.self) { $0.validate(&$1) }
        return try await change(call) { try await takeBack($0, request) }
    }

    private func change(_ call: Call, _ change: @Sendable (String) async throws -> Reservation) async throws
        -> Answer
    {
        let orderId = try call.id("orderId")
        guard !call.deadline.hasPassed() else { throw Problem.deadlineExceeded }
        return try .json(200, try await change(orderId))
    }

    private func listReservations(_ call: Call) async throws -> Answer {
        try await call.list(filters: ["status"]) { check in
            reservations.reservations(call.query("status", &check), at: wall())
        }
    }

    private func product(_ call: Call) async throws -> Answer {
        let product = try await find(call, "sku", "product", reservations.product)
        let tag = EntityTag(product)
        let headers: HTTPFields = [.eTag: tag.text]
        if let known = call.header(.ifNoneMatch), tag.matches(ifNoneMatch: known) {
            return Answer(status: 304, headers: headers)
        }
        return try .json(200, product, headers: headers)
    }

    private func show<Value: Encodable & Sendable>(
        _ call: Call, _ parameter: String, _ what: String, _ read: (String) async throws -> Value?
    ) async throws -> Answer {
        try .json(200, try await find(call, parameter, what, read))
    }

    private func find<Value: Sendable>(
        _ call: Call, _ parameter: String, _ what: String, _ read: (String) async throws -> Value?
    ) async throws -> Value {
        let id = call.parameter(parameter)
        guard FieldCheck.isText(id), let value = try await read(id) else {
            throw Problem.notFound("There is no \(what) at \(call.path.excerpt(100)).")
        }
        return value
    }
}
