import Foundation
import TestSupport

/// The executables as they were built, which lie beside the test's own.
enum Executables {
    static let folder: URL = {
        var url = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        // The test bundle is handed to a helper of the toolchain on some systems: its path is then an argument.
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            url = URL(filePath: argument).resolvingSymlinksInPath()
        }
        return url.deletingLastPathComponent()
    }()

    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs an executable to its end.
    static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let scratch = try TemporaryFolder()
        let (process, output, errors) = try prepare(name, arguments, environment: environment, scratch: scratch)
        defer {
            for case let handle as FileHandle in [process.standardOutput, process.standardError] { try? handle.close() }
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Output goes to files: a pipe would stay open in the services that `csp up --detach` leaves behind.
    private static func prepare(
        _ name: String, _ arguments: [String], environment: [String: String], scratch: TemporaryFolder
    ) throws -> (Process, URL, URL) {
        let process = Process()
        process.executableURL = folder.appending(path: name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = URL(filePath: try scratch.write("", to: "out"))
        let errors = URL(filePath: try scratch.write("", to: "err"))
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        return (process, output, errors)
    }
}
