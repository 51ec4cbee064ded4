import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@Suite("Every service says its name and version", .timeLimit(.minutes(20)), .serialized)
struct ServiceHeaderTests {
    @Test("in each answer, in its OpenAPI document, and the command line has the same version")
    func header() async throws {
        struct Document: Decodable {
            struct Info: Decodable {
                var title: String
                var version: String
                var description: String
            }
            var info: Info
        }
        try await withSystemStack { stack in
            for service in ServiceName.allCases.map(\.rawValue) {
                let identity = "\(service)/\(SystemVersion.current)"
                for path in ["/livez", "/readyz", "/metrics", "/csp", "/openapi.json", "/nowhere"] {
                    let answer = try await stack.client.send(
                        HTTPClient.Request(
                            url: try stack.url(service) + path, connectTimeout: .seconds(20),
                            timeout: .seconds(20)))
                    #expect(answer.header("csp-service") == identity, "\(path)")
                }
                let document: Document = try await stack.get(service, "/openapi.json")
                #expect(document.info.title == service && document.info.version == SystemVersion.current)
                #expect(document.info.description.contains("csp-service (\(identity))"))
            }
        }
        let version = try await Executables.run("csp", ["--version"])
        #expect(version.status == 0 && version.output == "csp \(SystemVersion.description)\n")
    }

    @Test(
        "--version says what was built, from which commit",
        arguments: ServiceName.allCases.map(\.rawValue))
    func version(service: String) async throws {
        let version = try await Executables.run(service, ["--version"])
        #expect(version.status == 0 && version.output == "\(service) \(SystemVersion.description)\n")
    }
}
