import Foundation

/// Instructions, as valgrind's callgrind counts them: the same on every machine and in every run, near enough.
enum InstructionCount {
    /// Of one call; nil where there is no valgrind. Two runs of this executable, one of them with twice the calls, differ by
    /// the calls alone.
    static func perCall(of name: String, calls: Int = 20_000) async -> Double? {
        async let once = total(of: name, calls: calls)
        async let twice = total(of: name, calls: 2 * calls)
        guard let once = await once, let twice = await twice else { return nil }
        return Double(twice - once) / Double(calls)
    }

    private static func total(of name: String, calls: Int) async -> Int? {
        guard let executable = Bundle.main.executableURL else { return nil }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", executable.path, "--only", name, "--iterations",
            "\(calls)",
        ]
        let log = Pipe()
        process.standardError = log
        process.standardOutput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text: String = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
            }
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        // ==123== Collected : 45678901
        return text.split(separator: "\n").last { $0.contains("Collected :") }?.split(separator: " ").last.flatMap { Int($0) }
    }
}
