import Foundation
import TestSupport

/// A wall clock for a service, which a test sets while it runs; monotonic time goes on as ever.
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

    /// Starts a service of the stack again, so that it goes by this clock.
    ///
    /// It can't be had through `csp up`'s environment: preloaded, the library leaves csp itself without its
    /// arguments.
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
            // Read once a second: reading the file for every look at the clock takes longer than an order.
            "FAKETIME_TIMESTAMP_FILE": folder.path + "/clock", "FAKETIME_CACHE_DURATION": "1",
        ]
    }

    /// Seen within a second.
    ///
    /// - Parameter offset: from the machine's own clock: `+1h`, `-1h`.
    func set(_ offset: String) throws {
        try Data((offset + "\n").utf8).write(to: URL(filePath: folder.path + "/clock"), options: .atomic)
    }
}
