import Contracts
import TestSupport
import Testing

@testable import Runtime

@Suite("Each answer names its service and version", .timeLimit(.minutes(10)))
struct ServiceHeaderTests {
    @Test("what it answers, refuses and is made to answer by a fault")
    func named() async throws {
        try await withFaults { service in
            func expectNamed(_ answer: TestAnswer, _ status: Int) {
                #expect(
                    answer.status == status
                        && answer.header("csp-service") == "small/\(SystemVersion.current)")
            }
            for path in ["/livez", "/readyz", "/metrics", "/openapi.json", "/csp", "/queue"] {
                expectNamed(try await service.get(path), 200)
            }
            let alive: [String: String] = try await service.get("/livez").decode()
            #expect(alive["version"] == SystemVersion.current && alive["commit"] == SystemVersion.commit)
            let build =
                #"csp_build_info{commit="\#(SystemVersion.commit)",version="\#(SystemVersion.current)"} 1"#
            #expect(try await service.get("/metrics").text.split(separator: "\n").contains { $0 == build })
            expectNamed(try await service.get("/nowhere"), 404)
            expectNamed(try await service.get("/finish"), 405)
            expectNamed(try await service.post("/finish"), 201)
            expectNamed(try await service.post("/help", token: nil), 401)
            for kind in ["error", "garbage"] {
                try await service.set(FaultRequest(route: "POST /finish", kind: kind))
                let answer = try await service.post("/finish")
                #expect(answer.isInjected)
                expectNamed(answer, kind == "error" ? 500 : 200)
            }
        }
    }
}
