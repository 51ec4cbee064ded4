import Contracts
import Foundation
import Logging
import Resilience

/// A store's second record of how far it has come: a file of one line beside it, written on its own.
///
/// It is never ahead of what is on disk in the store, so a store that has fewer commits has lost some. Each
/// commit is in it before it is acknowledged; a killed process leaves both as they were. After a power cut it
/// may miss what was committed since its last sync, at most a second earlier.
final class StoreCounterFile: Sendable {
    private static let timeBetweenSyncs = DispatchTimeInterval.seconds(1)

    private struct State {
        /// Nil once closed.
        var descriptor: Int32?
        var isSyncDue = false
        var isReported = false
    }

    private let path: String
    private let state: Locked<State>

    /// Makes the file or brings it up to date, and returns when that is on disk.
    init(path: String, _ mark: StoreMark) throws {
        self.path = path
        // A file without a mark is replaced as a whole: it may be longer than a line.
        let isNew = Self.read(path) == nil
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (isNew ? O_TRUNC : 0), 0o600)
        guard descriptor >= 0 else {
            throw StoreError.unusable(path: path, reason: String(cString: strerror(errno)))
        }
        state = Locked(State(descriptor: descriptor))
        guard Self.write(mark, to: descriptor), fsync(descriptor) == 0 else {
            throw StoreError.unusable(path: path, reason: String(cString: strerror(errno)))
        }
        try Folder.sync(of: path)
    }

    deinit { close() }

    /// The file's mark; nil where there is no file or no mark in it.
    static func read(_ path: String) -> StoreMark? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 3, let epoch = Int64(words[1]), let commits = Int64(words[2]) else { return nil }
        return StoreMark(id: String(words[0]), epoch: epoch, commits: commits)
    }

    /// In one write: always the same length, and within one sector of the disk.
    private static func write(_ mark: StoreMark, to descriptor: Int32) -> Bool {
        let line = Array("\(mark.id) \(padded(mark.epoch)) \(padded(mark.commits))\n".utf8)
        return pwrite(descriptor, line, line.count, 0) == line.count
    }

    private static func padded(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits
    }

    /// To be called once the commit is on disk, and before it is acknowledged.
    func write(_ mark: StoreMark) {
        let mustSchedule = state.withLock { state in
            guard let descriptor = state.descriptor else { return false }
            if !Self.write(mark, to: descriptor) { report(&state) }
            defer { state.isSyncDue = true }
            return !state.isSyncDue
        }
        guard mustSchedule else { return }
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + Self.timeBetweenSyncs) {
            [weak self] in self?.sync()
        }
    }

    private func sync() {
        // A copy, so that no commit waits for the sync and the file may be closed meanwhile.
        let copy: Int32? = state.withLock { state in
            state.isSyncDue = false
            return state.descriptor.map { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        }
        guard let copy, copy >= 0 else { return }
        defer { Foundation.close(copy) }
        if fdatasync(copy) != 0 { state.withLock { report(&$0) } }
    }

    /// Logged once: what the store itself can't write, it reports.
    private func report(_ state: inout State) {
        guard !state.isReported else { return }
        state.isReported = true
        Logger(label: "store").warning(
            "the store's counter can't be written; a loss since then may not be noticed",
            metadata: ["path": "\(path)", "reason": "\(String(cString: strerror(errno)))"])
    }

    func close() {
        let descriptor = state.withLock { $0.descriptor.take() }
        guard let descriptor else { return }
        fdatasync(descriptor)
        Foundation.close(descriptor)
    }
}

/// The folder of a file.
enum Folder {
    /// Returns when the names in it are on disk.
    static func sync(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", folder) }
    }

    private static func failure(_ what: String, _ path: String) -> StoreError {
        errno == ENOSPC ? .full : .failed(reason: "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
