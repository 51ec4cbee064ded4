import Contracts
import GRDB
import Resilience
import Storage
import TestSupport
import Transport

/// The small service with faults that may be injected. Its time stops unless the test moves it: no fault
/// expires, however long the test takes.
func withFaults<Result: Sendable>(
    time: TimeSource = ManualTime().source,
    _ body: @Sendable (RunningService<SmallService>) async throws -> Result
) async throws -> Result {
    try await withService(SmallService.self, settings: ["FAULTS_ENABLED": "true"], time: time, body)
}

extension RunningService<SmallService> {
    /// How often the work was done.
    var notes: Int {
        get async throws {
            try await application.store.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM notes") ?? 0 }
        }
    }

    func put(_ text: String, token: String? = TestTokens.administrator) async throws -> TestAnswer {
        try await send("PUT", "/faults", body: Array(text.utf8), token: token)
    }

    @discardableResult
    func set(_ faults: FaultRequest...) async throws -> FaultStatus {
        let set = FaultSet(faults: faults)
        return try await send(
            "PUT", "/faults", body: Array(JSON.encode(set)), token: TestTokens.administrator
        ).decode()
    }

    var faults: FaultStatus {
        get async throws { try await get("/faults", token: TestTokens.administrator).decode() }
    }

    /// Returns once the only fault satisfies `condition`.
    func until(_ condition: (FaultStatus.Entry) -> Bool) async throws {
        try await eventually { try await faults.faults.first.map(condition) ?? true }
    }

    /// Calls the work's route. Cancelling the task closes the connection.
    func work(bytes: Int = 2) -> Task<TestAnswer, any Error> {
        Task { try await send("POST", "/finish", body: [UInt8](repeating: UInt8(ascii: " "), count: bytes)) }
    }
}

extension TestAnswer {
    var isInjected: Bool { header("csp-fault") == "injected" }
}
