import Foundation
import Runtime
import Transport

extension RunningService {
    /// The routes that the served OpenAPI document describes and those that are served, as `GET /path`, to be
    /// compared.
    package func contract() async throws -> (described: Set<String>, served: Set<String>) {
        let document =
            try JSONSerialization.jsonObject(with: await get("/openapi.json").body) as? [String: Any]
        let paths = document?["paths"] as? [String: [String: Any]] ?? [:]
        // A path item also has parameters that its operations share.
        let described = paths.flatMap { path, item in
            item.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" }
        }
        let standard = [
            "GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /queue", "GET /queue/dead",
            "POST /queue/dead/redrive", "GET /csp", "PATCH /csp/dependencies/{name}",
            "GET /retention", "POST /backup", "GET /faults", "PUT /faults", "DELETE /faults",
        ]
        let own = application.routes.map { "\($0.method) \($0.path)" }
        return (Set(described), Set(standard + own))
    }
}
