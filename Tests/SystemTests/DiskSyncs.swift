import Foundation
import TestSupport
import Testing

/// Makes a running process's `fdatasync` slow or failing, with `strace`; ends when it is released.
final class BrokenSyncs {
    /// Whether strace exists and may trace other processes.
    static let isPossible: Bool = {
        guard let process = try? start(["-e", "trace=none", "/bin/true"]) else { return false }
        return process.waitUntilEnd() == 0
    }()
    static let reason = "strace isn't installed, or may not trace here"

    private let tracer: ChildProcess
    private let pid: Int32

    /// Returns once every sync of the process is affected.
    ///
    /// - Parameter how: in the syntax of `strace -e inject`: `delay_enter=100000` (microseconds),
    ///   `error=EIO`.
    init(of pid: Int32, _ how: String) throws {
        self.pid = pid
        tracer = try Self.start([
            "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:\(how)", "-p", "\(pid)",
        ])
        while Self.tracers(of: pid).contains(0) {
            try #require(tracer.isRunning, "strace ended")
            usleep(1000)
        }
    }

    deinit { tracer.terminate() }

    /// Returns once the process syncs normally.
    func end() {
        tracer.terminate()
        while Self.tracers(of: pid).contains(where: { $0 != 0 }) { usleep(1000) }
    }

    private static func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess("/usr/bin/strace", ["-q", "-o", "/dev/null"] + arguments)
    }

    /// The tracer of each of the process's threads; 0 for none.
    private static func tracers(of pid: Int32) -> [Int32] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.compactMap { task in
            let data = FileManager.default.contents(atPath: "/proc/\(pid)/task/\(task)/status")
            let lines = data.map { String(decoding: $0, as: UTF8.self) }?.split(separator: "\n") ?? []
            return lines.first { $0.hasPrefix("TracerPid:") }.flatMap {
                Int32($0.dropFirst(10).trimmingPrefix { $0.isWhitespace })
            }
        }
    }
}
