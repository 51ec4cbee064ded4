import Foundation

/// Instructions, counted by valgrind's callgrind: unlike time, nearly the same in every run, on a busy
/// machine too.
struct InstructionCount: ~Copyable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "csp-instructions-\(UUID().uuidString)")
    private var executable: URL { folder.appending(path: "Benchmarks") }

    /// Valgrind 3.19 stops at the debug information of this executable, so it gets a stripped copy.
    init() throws {
        guard let original = Bundle.main.executableURL else { throw Failure(description: "no executable") }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        _ = try Self.run(
            "strip", "--strip-debug", "-o", executable.path, original.resolvingSymlinksInPath().path)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Instructions of one call, from the difference of two runs, one with twice the calls.
    func perCall(of name: String, calls: Int = 10_000) throws -> Double {
        let once = try total(of: name, calls: calls)
        return Double(try total(of: name, calls: 2 * calls) - once) / Double(calls)
    }

    private func total(of name: String, calls: Int) throws -> Int {
        let log = try Self.run(
            "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", executable.path, "--only", name,
            "--iterations",
            "\(calls)")
        // ==123== Collected : 45678901
        let line = log.split(separator: "\n").last { $0.contains("Collected :") }
        guard let total = line?.split(separator: " ").last.flatMap({ Int($0) }) else {
            throw Failure(description: "callgrind collected nothing")
        }
        return total
    }

    /// Runs a command and returns its standard error.
    private static func run(_ command: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        let log = Pipe()
        process.standardError = log
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let last = text.split(separator: "\n").last ?? ""
            throw Failure(description: "\(command[0]) ended with \(process.terminationStatus): \(last)")
        }
        return text
    }
}
