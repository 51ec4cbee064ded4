import Foundation
package import Resilience

/// The space that new work must leave free on the disk under a folder, so that work that was begun can be
/// finished and undone.
package final class StorageReserve: Sendable {
    private struct State {
        var freeBytes: Int64?
        var asked: ContinuousClock.Instant
    }

    /// 0: no reserve.
    package let bytes: Int64
    private let folder: String
    private let time: TimeSource
    private let state: Locked<State>

    package init(folder: String, bytes: Int64, time: TimeSource) {
        self.folder = folder
        self.bytes = bytes
        self.time = time
        state = Locked(State(freeBytes: Self.freeBytes(under: folder), asked: time.now()))
    }

    /// What is free for this process on the folder's file system, a second old at most; nil where the system
    /// doesn't say.
    package var freeBytes: Int64? {
        let now = time.now()
        return state.withLock { [folder] state in
            if state.asked.duration(to: now) >= .seconds(1) {
                state = State(freeBytes: Self.freeBytes(under: folder), asked: now)
            }
            return state.freeBytes
        }
    }

    /// Whether at least `share` of the reserve is free. True where the system doesn't say: then the disk
    /// itself has to refuse.
    package func isFree(share: Double = 1) -> Bool {
        guard bytes > 0, let freeBytes else { return true }
        return Double(freeBytes) >= Double(bytes) * share
    }

    /// What is free for this process on the file system of `folder`.
    static func freeBytes(under folder: String) -> Int64? {
        var answer = statvfs()
        guard statvfs(folder, &answer) == 0 else { return nil }
        return Int64(answer.f_bavail) * Int64(answer.f_frsize)
    }
}
