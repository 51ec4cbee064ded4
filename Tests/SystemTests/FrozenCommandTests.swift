import Contracts
import Foundation
import TestSupport
import Testing

@Suite("csp and a service that is frozen", .timeLimit(.minutes(10)), .serialized)
struct FrozenCommandTests {
    @Test("every command ends by itself, and names the silent service")
    func named() async throws {
        try await withSystemStack(environment: ["FAULTS_ENABLED": "true"]) { stack in
            try await stack.csp("freeze", "payment")
            let copies = try TemporaryFolder()
            let status = try await stack.csp("status", expecting: 1)
            #expect(status.output.contains(/payment +frozen/), "\(status.output)")
            for arguments in [
                ["backup", copies.path + "/copies"], ["audit", "--wait", "0"], ["fault", "payment", "error"],
                ["fault", "clear", "payment"],
            ] {
                let outcome = try await Executables.run("csp", arguments + ["--data", stack.folder.path])
                #expect(
                    outcome.status == 1 && outcome.errors.contains("payment is frozen"),
                    "\(arguments): \(outcome)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: copies.path) == [])
            #expect(try await stack.csp("start", "payment").output.contains("frozen"))
            #expect(try await stack.csp("watch", "--once", expecting: 1).output.contains("frozen"))
            #expect(try await stack.csp("place").output.contains("accepted"))
            try await stack.csp("down")
        }
    }
}
