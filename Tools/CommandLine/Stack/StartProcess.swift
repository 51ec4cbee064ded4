import Foundation
import StackView

/// Starts a program in a session of its own: no Ctrl-C meant for csp reaches it, and it outlives csp.
///
/// The child inherits only the given environment: stdin is empty, both outputs are appended to `log`, no
/// other file is open, and signals have their defaults.
func startProcess(executable: String, arguments: [String] = [], environment: [String: String], log: String)
    throws
    -> ProcessIdentity
{
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
    closeOthersOnStart()

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(ownSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var arguments: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, executable, &files, &attributes, &arguments, &variables)
    guard code == 0 else {
        throw Failure("\(executable) can't be started: \(String(cString: strerror(code)))")
    }
    guard let identity = ProcessIdentity(running: pid) else {
        throw Failure("\(executable) can't be watched in /proc")
    }
    return identity
}

/// `POSIX_SPAWN_SETSID` of <spawn.h>, which Swift's Glibc module leaves out as a GNU extension.
private let ownSession: Int32 = 0x80

/// A child inherits the three standard files alone, neither what csp opened nor what csp inherited.
private func closeOthersOnStart() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
        guard let descriptor = Int32(name), descriptor > STDERR_FILENO else { continue }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
}

/// Reaps a child of this process and tells how it ended: `exit code 78`, `killed by signal 9`. Nil while it
/// runs or if it is another process's child.
func ending(ofChild pid: pid_t) -> String? {
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? "exit code \((status >> 8) & 0xFF)" : "killed by signal \(signal)"
}
