import Foundation
import TestSupport

/// The built executables, beside the test's own.
enum Executables {
    static let folder: URL = {
        var url = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        // On some systems a helper of the toolchain runs the test bundle, whose path is then an argument.
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

    /// Runs one of the built executables, or another by its absolute path, to its end.
    static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws
        -> Outcome
    {
        let scratch = try TemporaryFolder()
        let output = try scratch.write("", to: "out")
        let errors = try scratch.write("", to: "err")
        let process = try ChildProcess(
            name.hasPrefix("/") ? name : folder.appending(path: name).path, arguments,
            environment: environment, output: output,
            errors: errors)
        return Outcome(
            status: await process.end(), output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}
