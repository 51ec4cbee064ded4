import Contracts
import Foundation
import HTTPTypes
import ServingPath
import Transport

/// What the page of one purchase reads, and what places one from the browser: the services' own answers.
struct PurchaseRoutes: Sendable {
    let relay: ServiceRelay

    var routes: [Route] {
        [
            .get("/api/products", query: .ignored) { _ in
                try await relay.send("GET", to: .inventory, "/products?limit=500")
            },
            .get("/api/orders/{id}") { call in
                try await relay.send("GET", to: .order, "/orders/\(Self.id(call))")
            },
            .get("/api/orders/{id}/timeline") { call in
                try await relay.send("GET", to: .order, "/orders/\(Self.id(call))/timeline")
            },
            .post("/api/orders", .criticalPlus, budget: .seconds(10)) { call in
                // Another site's page could spend the visitor's network; a client without a browser may.
                guard call.header(.origin) == nil || call.isFromOwnPage else { throw Problem.unauthorized }
                let key = try call.idempotencyKey()
                return try await relay.send(
                    "POST", to: .order, "/orders", body: call.body,
                    headers: [("Content-Type", "application/json"), ("Idempotency-Key", key)])
            },
        ]
    }

    private static func id(_ call: Call) throws -> String {
        try call.id("id").addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
