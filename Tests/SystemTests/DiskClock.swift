import Foundation
import TestSupport

/// A wall clock for a service that a test sets while it runs; monotonic time isn't changed.
struct JumpingClock {
    private static let library: String? = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        return folders.map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }.first {
            FileManager.default.fileExists(atPath: $0)
        }
    }()
    static let isPossible = library != nil
    static let reason = "libfaketime isn't installed (apt-get install faketime)"

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try set("+0")
    }

    /// Restarts a service of the stack with this clock.
    ///
    /// `csp up` can't pass it on: preloaded into csp, the library loses csp's arguments.
    func rule(_ service: String, of stack: SystemStack) async throws {
        let file = URL(filePath: stack.folder.path + "/stack.json")
        var record = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
        let kept = record["environment"] as? [String: String] ?? [:]
        record["environment"] = kept.merging(environment) { $1 }
        try JSONSerialization.data(withJSONObject: record).write(to: file)
        try await stack.csp("kill", service)
        try await stack.csp("start", service)
    }

    private var environment: [String: String] {
        [
            "LD_PRELOAD": Self.library ?? "", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            // Read once a second: reading the file at every clock call takes longer than an order.
            "FAKETIME_TIMESTAMP_FILE": folder.path + "/clock", "FAKETIME_CACHE_DURATION": "1",
        ]
    }

    /// Takes effect within a second.
    ///
    /// - Parameter offset: relative to the machine's clock: `+1h`, `-1h`.
    func set(_ offset: String) throws {
        try Data((offset + "\n").utf8).write(to: URL(filePath: folder.path + "/clock"), options: .atomic)
    }
}
