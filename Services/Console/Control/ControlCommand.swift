import Contracts
import Foundation

/// Runs `csp kill`, `freeze`, `thaw` or `start`: the one tool that knows a stack's processes.
struct ControlCommand: Sendable {
    enum Action: String, CaseIterable {
        case kill, freeze, thaw, start

        var past: String {
            switch self {
            case .kill: "killed"
            case .freeze: "frozen"
            case .thaw: "thawed"
            case .start: "started"
            }
        }
    }

    struct Outcome: Sendable {
        var status: Int32
        /// What it printed.
        var words: String
    }

    /// Path of `csp`.
    let executable: String
    /// Of the stack (`--data`).
    let folder: String

    func run(_ action: Action, _ name: ServiceName) async throws -> Outcome {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: executable)
        process.arguments = [action.rawValue, name.rawValue, "--data", folder]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return await withCheckedContinuation { continuation in
            // Read while it runs: a full pipe would hold it up.
            DispatchQueue.global().async {
                let text = String(
                    decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(
                    returning: Outcome(
                        status: process.terminationStatus,
                        words: text.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
        }
    }
}
