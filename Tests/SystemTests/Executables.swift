import Foundation
import TestSupport

/// The executables as they were built, which lie beside the test's own.
enum Executables {
    static let folder: URL = {
        var url = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        // The test bundle is handed to a helper of the toolchain on some systems: its path is then an
        // argument.
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
    static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws
        -> Outcome
    {
        let scratch = try TemporaryFolder()
        let output = try scratch.write("", to: "out")
        let errors = try scratch.write("", to: "err")
        let process = try ChildProcess(
            folder.appending(path: name).path, arguments, environment: environment, output: output,
            errors: errors)
        return Outcome(
            status: await process.end(), output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}
