import GRDB

/// What an SQLite result code says about the store. Decision 0002 has the reasons.
enum StoreFailure {
    /// No space is left.
    case full
    /// Something was missing that comes back: memory, a descriptor, a lock. What is in the file isn't
    /// concerned.
    case passing
    /// What the file holds may be damaged or lost.
    case final
}

extension ResultCode {
    /// Nil for errors that aren't the store's: a constraint, wrong SQL, a closed connection.
    ///
    /// A failure of input or output that isn't known to pass is final.
    var storeFailure: StoreFailure? {
        switch self {
        // The second is how a full disk refuses room to the log's index.
        case .SQLITE_FULL, .SQLITE_IOERR_SHMSIZE: .full
        // Memory.
        case .SQLITE_NOMEM, .SQLITE_IOERR_NOMEM, .SQLITE_IOERR_MMAP, .SQLITE_IOERR_SHMMAP: .passing
        // File descriptors, and a folder for temporary files.
        case .SQLITE_CANTOPEN, .SQLITE_IOERR_SHMOPEN, .SQLITE_IOERR_GETTEMPPATH: .passing
        // Locks.
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL, .SQLITE_IOERR_LOCK, .SQLITE_IOERR_RDLOCK,
            .SQLITE_IOERR_UNLOCK,
            .SQLITE_IOERR_CHECKRESERVEDLOCK, .SQLITE_IOERR_SHMLOCK, .SQLITE_IOERR_BLOCKED:
            .passing
        // Questions about a file, which change nothing in it.
        case .SQLITE_IOERR_ACCESS, .SQLITE_IOERR_FSTAT: .passing
        case .SQLITE_INTERRUPT: .passing
        case .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_READONLY: .final
        default: nil
        }
    }
}
