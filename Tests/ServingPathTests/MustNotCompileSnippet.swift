import Foundation
import TestSupport
import Testing

/// A file that is compiled by itself, with the modules of this build.
struct Snippet: Sendable, CustomTestStringConvertible {
    let file: URL
    /// A part of each error that the compiler must give; none for a file that must compile.
    let refusals: [String]

    var testDescription: String { file.deletingPathExtension().lastPathComponent }

    static func all() throws -> [Snippet] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../MustNotCompile")
            .standardized
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }
            .sorted { $0.path < $1.path }
            .map { file in
                let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                let marker = "// error: "
                return Snippet(
                    file: file,
                    refusals: lines.filter { $0.hasPrefix(marker) }.map { String($0.dropFirst(marker.count)) }
                )
            }
    }

    /// The compiler's exit status, and its errors.
    func compile() async throws -> (status: Int32, errors: [String]) {
        let scratch = try TemporaryFolder()
        let output = try scratch.write("", to: "output")
        let process = try ChildProcess(
            "swiftc",
            [
                "-typecheck", "-swift-version", "6", "-warnings-as-errors", "-diagnostic-style", "llvm",
                "-I", Self.modules.path, file.path,
            ], output: output, errors: output)
        let status = await process.end()
        let text = try String(contentsOfFile: output, encoding: .utf8)
        return (status, text.split(separator: "\n").map(String.init).filter { $0.contains("error: ") })
    }

    /// The modules are beside the test's own executable, which on some systems is an argument of a helper
    /// process.
    private static let modules: URL = {
        let bundle = CommandLine.arguments.last { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        var folder = URL(filePath: bundle).resolvingSymlinksInPath()
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: folder.appending(path: "Modules").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder.appending(path: "Modules")
    }()
}
