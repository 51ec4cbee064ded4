package import Foundation
import Resilience

/// A child process.
///
/// Foundation's `Process.run()` sometimes reads past a buffer (swift-corelibs-foundation #5472) and crashes
/// the test run, more often with more open files.
package final class ChildProcess: Sendable {
    package let pid: pid_t
    /// The wait status, once the process has ended.
    private let status = Locked<Int32?>(nil)

    /// - Parameters:
    ///   - executable: a path, or a name that is looked up in `PATH`.
    ///   - environment: added to this process's own.
    ///   - output: the path of a file for its output; nil discards it. Not a pipe, which would stay open in
    ///     surviving children.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:],
        output: String? = nil,
        errors: String? = nil
    ) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, path) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            posix_spawn_file_actions_addopen(
                &files, descriptor, path ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        // The child must not inherit files and sockets of other tests.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = Int32(name), descriptor > STDERR_FILENO else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A child inherits the calling thread's blocked signals; on a pool thread SIGTERM is among them.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map {
            strdup("\($0.key)=\($0.value)")
        }
        let words = ([executable] + arguments).map { strdup($0) }
        defer { for text in variables + words { free(text) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, executable, &files, &attributes, words + [nil], variables + [nil])
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }
        pid = child
    }

    /// Waits for its end: its exit code, or the number of the signal that killed it. One caller at a time.
    package func end() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread { [self] in continuation.resume(returning: waitUntilEnd()) }.start()
        }
    }

    /// The same, blocking the thread.
    @discardableResult
    package func waitUntilEnd() -> Int32 { Self.meaning(of: wait(0) ?? 0) }

    package var isRunning: Bool { wait(WNOHANG) == nil }

    /// SIGTERM.
    package func terminate() {
        if isRunning { kill(pid, SIGTERM) }
    }

    /// The wait status; nil while it runs, if `options` say not to wait.
    private func wait(_ options: Int32) -> Int32? {
        if let known = status.withLock({ $0 }) { return known }
        var found: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(pid, &found, options) } while result == -1 && errno == EINTR
        guard result == pid else { return status.withLock { $0 } }
        status.withLock { $0 = found }
        return found
    }

    private static func meaning(of status: Int32) -> Int32 {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : status & 0x7F
    }
}
