import Contracts
import Foundation
import Runtime
import ServingPath
import TestSupport
import Testing

@Suite("A service's shedder", .timeLimit(.minutes(10)))
struct ShedderTests {
    private func shedder(_ service: RunningService<SmallService>) async throws -> ShedderDocument? {
        try await service.get("/csp").decode(PathDocument.self).shedder
    }

    @Test("what it does is in GET /csp and in the metrics, from the beginning")
    func told() async throws {
        try await withService(SmallService.self, settings: ["SHED_MINIMUM": "3", "SHED_MAXIMUM": "3"]) {
            service in
            let zero = ["critical-plus": 0, "critical": 0, "sheddable-plus": 0, "sheddable": 0]
            let before = try await shedder(service)
            #expect(
                before
                    == ShedderDocument(
                        limit: 3, inFlight: 0, waiting: 0, admitted: zero, shed: zero, rateLimited: 0))
            #expect(try await service.post("/finish").status == 201)
            let refused = try await service.send("POST", "/finish", headers: [("csp-deadline-ms", "0")])
            #expect(refused.status == 503 && refused.problem?.code == "deadline-exceeded")
            #expect(refused.problem?.instance == "/finish")
            let after = try await shedder(service)
            #expect(after?.admitted == zero.merging(["critical": 1]) { $1 })
            let metrics = try await service.get("/metrics").text
            for criticality in Criticality.allCases {
                #expect(metrics.contains("csp_shed_total{criticality=\"\(criticality.rawValue)\"}"))
            }
            #expect(metrics.contains("csp_shedder_limit 3"))
        }
    }

    @Test("operators' requests are never shed, whatever the deadline")
    func operators() async throws {
        try await withService(SmallService.self) { service in
            for path in [
                "/livez", "/readyz", "/metrics", "/openapi.json", "/csp", "/queue", "/queue/dead", "/csp?x=1",
            ] {
                #expect(
                    try await service.send("GET", path, headers: [("csp-deadline-ms", "0")]).status == 200,
                    "\(path)")
            }
            let token = TestTokens.administrator
            let redrive = try await service.send(
                "POST", "/queue/dead/redrive", token: token, headers: [("csp-deadline-ms", "0")])
            #expect(redrive.status == 200)
            for (method, path) in [("PATCH", "/csp/dependencies/x"), ("POST", "/backup"), ("GET", "/faults")]
            {
                let answer = try await service.send(
                    method, path, token: token, headers: [("csp-deadline-ms", "0")])
                #expect(answer.status != 503, "\(path)")
            }
            #expect(
                try await service.send("GET", "/nothing", headers: [("csp-deadline-ms", "0")]).status == 503)
        }
    }

    @Test("a client that asks too often is refused where the settings say so")
    func rateLimit() async throws {
        // Time stops: however slowly the requests come, no token comes back.
        let settings = ["RATE_LIMIT": "1", "RATE_LIMIT_BURST": "2"]
        try await withService(SmallService.self, settings: settings, time: ManualTime().source) { service in
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await service.send("POST", "/finish", token: nil).status) }
            #expect(statuses == [201, 201, 429, 429])
            #expect(try await service.post("/finish").status == 201)
            #expect(try await shedder(service)?.rateLimited == 2)
        }
    }

    @Test("naive mode sheds nothing")
    func naive() async throws {
        try await withService(SmallService.self, settings: ["CSP_MODE": "naive", "SHED_MAXIMUM": "1"]) {
            (service) async throws in
            #expect(try await shedder(service) == nil)
            #expect(try await service.post("/finish").status == 201)
        }
    }

    @Test("limits that don't fit together end the start with a clear line")
    func settings() async throws {
        await #expect {
            try await withService(SmallService.self, settings: ["SHED_MINIMUM": "20", "SHED_MAXIMUM": "10"]) {
                _ in
            }
        } throws: {
            "\($0)".contains("maximum") && "\($0)".contains("minimum")
        }
    }
}
