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
                    try await archive.add(call.body)
                } catch is DecodingError {
                    throw Problem(
                        400, "invalid-request", "Not an export request",
                        "The body is not an ExportTraceServiceRequest of OTLP in JSON.")
                }
                return try .json(200, Accepted())
            },
            .get("/api/traces/{id}") { call in
                guard let trace = try await archive.trace(call.parameter("id")) else {
                    throw Problem.notFound("No such trace is kept here.")
                }
                return try .json(200, trace)
            },
            .get("/api/traces", query: .checked) { call in
                var check = FieldCheck()
                call.refuseQuery(except: ["orderId"], &check)
                let id = call.query("orderId")
                check(id != nil, "/orderId", "is required")
                try check.finish()
                return try await .json(200, TraceList(items: archive.traces(ofOrder: id ?? "")))
            },
        ]
    }
}

private struct TraceList: Encodable {
    var items: [Trace]
}
