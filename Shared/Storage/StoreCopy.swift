import Foundation
import GRDB

/// Why a copy was not made; nothing is left of it.
package enum BackupRefusal: Error, Equatable {
    /// The file, or the unfinished one of another copy, is there already.
    case exists(path: String)
    case unusable(path: String, reason: String)
}

/// A copy of a store that is being made: `path.partial` until it is complete and on disk, then `path`.
struct StoreCopy {
    let path: String
    private var partial: String { path + ".partial" }

    init(path: String) { self.path = path }

    /// - Parameter reserve: bytes that must be free beside the copy.
    /// - Returns: the file's size.
    func make(of pool: DatabasePool, leaving reserve: Int64) throws -> Int64 {
        guard access(path, F_OK) != 0 else { throw BackupRefusal.exists(path: path) }
        let descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw BackupRefusal.exists(path: partial) }
            if errno == ENOSPC { throw StoreError.full }
            throw BackupRefusal.unusable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        do {
            try fill(from: pool, leaving: reserve)
            guard fsync(descriptor) == 0 else { throw failure("sync", partial) }
            guard rename(partial, path) == 0 else { throw failure("rename", partial) }
            try Folder.sync(of: path)
            return Int64(lseek(descriptor, 0, SEEK_END))
        } catch {
            for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) }
            throw StoreError.translating(error)
        }
    }

    private func fill(from pool: DatabasePool, leaving reserve: Int64) throws {
        let bytes = try pool.read { database in
            let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            return pages * (try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
        }
        if let free = StorageReserve.freeBytes(under: folder), free < bytes + reserve {
            throw StoreError.full
        }
        var configuration = Configuration()
        TemporaryStorage.keepInMemory(&configuration)
        let copy = try DatabaseQueue(path: partial, configuration: configuration)
        defer { try? copy.close() }
        // One step on a reader's connection: one snapshot. In several, a write between two would start it
        // over.
        try pool.backup(to: copy)
        try copy.writeWithoutTransaction { try StoreIdentity.markAsCopy(in: $0) }
    }

    private var folder: String { URL(filePath: path).deletingLastPathComponent().path }

    private func failure(_ what: String, _ path: String) -> StoreError {
        errno == ENOSPC ? .full : .failed(reason: "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
