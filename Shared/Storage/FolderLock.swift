import Foundation
import Resilience

/// Holds a folder for this process alone: `flock` on a file inside it, released by the kernel however the
/// process ends.
///
/// SQLite's own locks would let a second process write the same file; two writers of one WAL file can corrupt
/// it (before SQLite 3.51.3), so the second process is turned away before it opens anything.
final class FolderLock: Sendable {
    private let descriptor: Locked<Int32?>

    /// - Throws: ``StoreError/locked(folder:)`` if another process (or another lock of this one) holds the
    ///   folder.
    init(folder: String) throws {
        let path = folder + "/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError.unusable(path: path, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw StoreError.locked(folder: folder)
        }
        self.descriptor = Locked(descriptor)
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor {
                // Unlocked explicitly: a process that is being spawned just now holds a copy of the
                // descriptor, and the lock with it.
                flock(open, LOCK_UN)
                close(open)
            }
            descriptor = nil
        }
    }
}
