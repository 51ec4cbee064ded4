import Contracts
import Foundation
import HTTPTypes
import ServingPath
import Transport

/// Takes traces from the services, and shows them.
struct TraceRoutes: Sendable {
    let archive: TraceArchive

    private struct Accepted: Encodable {}

    var routes: [Route] {
        [
            .post("/v1/traces", .sheddable) { call in
                try call.requireJSON()
                do {
                    try await archive.add(call.body, before: call.deadline)
                } catch is DecodingError {
                    throw Problem(
                        400, "invalid-request", "Not an export request",
                        "The body is not an ExportTraceServiceRequest of OTLP in JSON.")
                }
                return try .json(200, Accepted())
            },
            .get("/api/traces/{id}") { call in
                guard let trace = try await archive.trace(call.parameter("id"), before: call.deadline)
                else {
                    throw Problem.notFound("No such trace is kept here.")
                }
                return .json(encoded: trace)
            },
            .get("/api/traces", query: .checked) { call in
                var check = FieldCheck()
                call.refuseQuery(except: ["orderId"], &check)
                let id = call.query("orderId")
                check(id != nil, "/orderId", "is required")
                try check.finish()
                return try await .json(
                    encoded: archive.traces(ofOrder: id ?? "", before: call.deadline))
            },
        ]
    }
}
