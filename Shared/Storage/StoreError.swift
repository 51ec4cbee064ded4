import GRDB

/// What can go wrong with a service's file, in words for its operator.
package enum StoreError: Error, Sendable, CustomStringConvertible {
    /// Another process has the folder open.
    case locked(folder: String)
    /// The folder or file can't be used: permissions, not a database, no such disk.
    case unusable(path: String, reason: String)
    /// The file was written by a later version of the service.
    case newer(path: String)
    /// Something that was acknowledged is missing in the file, or may be; nothing in it was changed.
    case lost(path: String, reason: String)
    /// There is no space left: nothing of the transaction was kept.
    case full
    /// Memory, a file descriptor or a lock was missing, which passes: nothing of the transaction was kept.
    case unavailable(reason: String)
    /// The same in the middle of a commit: the transaction may be complete in the log. The store's next write
    /// overwrites it; a restart before that write keeps it.
    case uncertain(reason: String)
    /// The disk failed while writing: the transaction's outcome is not to be relied upon.
    case failed(reason: String)
    /// A list took longer than allowed and was ended.
    case tooSlow
    case closed

    package var description: String {
        switch self {
        case .locked(let folder): "\(folder) is in use by another process"
        case .unusable(let path, let reason): "\(path) can't be used: \(reason)"
        case .newer(let path): "\(path) was written by a newer version; it is left untouched"
        case .lost(let path, let reason):
            """
            \(path) isn't taken for whole: \(reason); put back what is missing, \
            or give --accept-loss to go on without it
            """
        case .full: "the disk is full"
        case .unavailable(let reason): "the store can't be used for now: \(reason)"
        case .uncertain(let reason): "the store was interrupted in a commit: \(reason)"
        case .failed(let reason): "the store failed: \(reason)"
        case .tooSlow: "reading took too long"
        case .closed: "the store is closed"
        }
    }

    /// The store's failures have names of their own; every other error is passed on as it is.
    ///
    /// - Parameter isCommit: whether the commit itself threw it, rather than what was done before.
    static func translating(_ error: any Error, isCommit: Bool = false) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let reason = "\(error.message ?? "no reason given") (\(error.extendedResultCode))"
        switch error.extendedResultCode.storeFailure {
        // The commit's last page found no room, so there is no commit in the log.
        case .full where !isCommit || error.resultCode == .SQLITE_FULL: return StoreError.full
        case .passing where !isCommit: return StoreError.unavailable(reason: reason)
        case .full, .passing: return StoreError.uncertain(reason: reason)
        case .final: return StoreError.failed(reason: reason)
        case nil: return error
        }
    }

    /// Whether the store failed, rather than the caller's statement.
    package static func isOfTheStore(_ error: any Error) -> Bool { translating(error) is StoreError }
}
