import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@testable import ConsoleService

@Suite("Breaking services from the console", .timeLimit(.minutes(10)))
struct ControlTests {
    private static let kill = "/api/services/coupon/kill"
    /// Stands in for `csp`: prints what it was asked, and fails for payment.
    private static let script = """
        #!/bin/sh
        echo "$1 $2"
        [ "$2" != payment ]
        """

    private func settings(_ folder: TemporaryFolder) throws -> [String: String] {
        let csp = try folder.write(Self.script, to: "csp")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: csp)
        return ["CONTROL_COMMAND": csp, "STACK_FILE": folder.path + "/stack.json"]
    }

    @Test("administrators may, by token or by session; others are refused")
    func allowed() async throws {
        let folder = try TemporaryFolder()
        try await withService(ConsoleApplication.self, settings: settings(folder)) { console in
            #expect(try await console.post(Self.kill).status == 401)
            let done = try await console.post(Self.kill, token: TestTokens.administrator)
            #expect(done.status == 200)
            #expect(try done.decode([String: String].self) == ["detail": "coupon is killed."])
            let failed = try await console.post(
                "/api/services/payment/start", token: TestTokens.administrator)
            #expect(failed.status == 409 && failed.text.contains("payment was not started"))
            for unknown in ["mail", "console"] {
                let path = "/api/services/\(unknown)/kill"
                #expect(try await console.post(path, token: TestTokens.administrator).status == 404)
            }
        }
    }

    @Test("a session counts only for the console's own page")
    func session() async throws {
        let folder = try TemporaryFolder()
        try await withService(ConsoleApplication.self, settings: settings(folder)) { console in
            func begin(_ token: String) async throws -> TestAnswer {
                try await console.post("/api/session", ["token": token], token: nil)
            }
            #expect(try await begin("wrong").status == 401)
            let begun = try await begin(TestTokens.administrator)
            #expect(begun.status == 204)
            let cookie = try #require(begun.header("Set-Cookie"))
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            let session = String(cookie.prefix { $0 != ";" })
            func kill(_ cookie: String, from origin: String?) async throws -> Int {
                let headers =
                    [(name: "Cookie", value: cookie)] + (origin.map { [(name: "Origin", value: $0)] } ?? [])
                return try await console.send("POST", Self.kill, token: nil, headers: headers).status
            }
            #expect(try await kill("other=1; \(session)", from: console.url) == 200)
            #expect(try await kill(session, from: "http://elsewhere.test") == 401)
            #expect(try await kill(session, from: nil) == 401)
            #expect(try await kill("csp-session=1-2-3-4", from: console.url) == 401)
        }
    }

    @Test("where no csp up runs the stack, nothing is killed")
    func elsewhere() async throws {
        try await withService(ConsoleApplication.self) { (console) async throws in
            #expect(try await console.post(Self.kill, token: TestTokens.administrator).status == 404)
        }
    }
}
