package import Foundation

/// A process that can't be mistaken for a later one with the same pid.
package struct ProcessIdentity: Codable, Equatable {
    package enum Activity: Equatable { case running, stopped, gone }

    package var pid: pid_t
    /// Field 22 of `/proc/PID/stat`: clock ticks from the machine's start to the process's.
    package var startTime: UInt64

    /// Of a service in another container: it counts as running, and no signal reaches it.
    package static let elsewhere = ProcessIdentity(pid: 0, startTime: .max)

    package init(pid: pid_t, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The process that has this pid now; nil if there is none.
    package init?(running pid: pid_t) {
        guard let stat = Self.stat(of: pid) else { return nil }
        self.init(pid: pid, startTime: stat.startTime)
    }

    /// A zombie counts as gone: it only waits for its parent. It does not while one of its threads is left,
    /// which may be in the middle of a write and hold the lock of its folder.
    package var activity: Activity {
        if self == .elsewhere { return .running }
        guard let stat = Self.stat(of: pid), stat.startTime == startTime else { return .gone }
        return switch stat.state {
        case "Z", "X": stat.threads > 1 ? .running : .gone
        case "T": .stopped
        default: .running
        }
    }

    package var isAlive: Bool { activity != .gone }

    /// Sends the signal, unless the process is gone: a pid that was given to another process is never
    /// touched.
    package func send(_ signal: Int32) {
        if self != .elsewhere, isAlive { kill(pid, signal) }
    }

    /// Nil if the text is not that of `/proc/PID/stat`.
    package static func parse(stat text: String) -> (state: Character, threads: Int, startTime: UInt64)? {
        // The second field is the program's name in parentheses and may hold anything, parentheses too.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let threads = Int(fields[17]),
            let startTime = UInt64(fields[19])
        else { return nil }
        return (state, threads, startTime)
    }

    private static func stat(of pid: pid_t) -> (state: Character, threads: Int, startTime: UInt64)? {
        guard pid > 0, let file = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else {
            return nil
        }
        return parse(stat: String(decoding: file, as: UTF8.self))
    }
}
