import GRDB

/// What can go wrong with a service's file, in words for whoever runs the service.
package enum StoreError: Error, Sendable, CustomStringConvertible {
    /// Another process has the folder open.
    case locked(folder: String)
    /// The folder or file can't be used: permissions, not a database, no such disk.
    case unusable(path: String, reason: String)
    /// The file was written by a later version of the service.
    case newer(path: String)
    /// No space is left: nothing of the transaction was kept.
    case full
    /// The disk failed while writing: the transaction's outcome is not to be relied upon.
    case failed(reason: String)
    case closed

    package var description: String {
        switch self {
        case .locked(let folder): "\(folder) is in use by another process"
        case .unusable(let path, let reason): "\(path) can't be used: \(reason)"
        case .newer(let path): "\(path) was written by a newer version; it is left untouched"
        case .full: "the disk is full"
        case .failed(let reason): "the store failed: \(reason)"
        case .closed: "the store is closed"
        }
    }

    /// The disk's failures have names of their own; every other error is passed on as it is.
    static func translating(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        switch error.extendedResultCode {
        // The second is how a full disk refuses room to the log's index.
        case .SQLITE_FULL, .SQLITE_IOERR_SHMSIZE: return StoreError.full
        case .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_READONLY, .SQLITE_CANTOPEN:
            return StoreError.failed(reason: "\(error.message ?? "no reason given") (\(error.extendedResultCode))")
        default: return error
        }
    }

    package static func isOfTheDisk(_ error: any Error) -> Bool { translating(error) is StoreError }
}
