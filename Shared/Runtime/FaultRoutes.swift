import Contracts
import Logging
import Resilience
import ServingPath
import Transport

/// `/faults`: the faults injected in this service. Served where `FAULTS_ENABLED` is true, for administrators.
struct FaultRoutes: Sendable {
    let faults: Faults
    /// The routes that faults may be injected into.
    let served: [Route]
    let logger: Logger

    var routes: [Route] {
        [
            .get("/faults", access: .administrators) { _ in try status() },
            .put("/faults", .critical, access: .administrators) { try await replace($0) },
            .delete("/faults", .critical, access: .administrators) { _ in
                faults.clear()
                logger.notice("faults cleared")
                return try status()
            },
        ]
    }

    private func status() throws -> Answer { try .json(200, FaultStatus(faults.snapshot)) }

    private func replace(_ call: Call) async throws -> Answer {
        let set = try await call.decode(FaultSet.self) { $0.check(&$1, route: refusal) }
        try faults.set(set.policies)
        let kinds = set.faults.map { "\($0.kind) of \($0.route ?? "every route")" }.joined(separator: ", ")
        logger.warning("faults set", metadata: ["faults": "\(kinds)"])
        return try status()
    }

    private func refusal(_ name: String) -> String? {
        guard let route = served.first(where: { $0.name == name }) else {
            return Route.spared.contains { name.hasSuffix(" \($0)") }
                ? Self.isSpared
                : "is no route of this service; GET /openapi.json lists them, such as GET /queue"
        }
        return Route.spared.contains(route.path) ? Self.isSpared : nil
    }

    private static let isSpared = "is a route that faults always spare"
}
