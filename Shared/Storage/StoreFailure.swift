import GRDB

/// What an SQLite result code says about the store. Decision 0002 has the reasons.
enum StoreFailure {
    /// There is no space left.
    case full
    /// Something was missing that comes back: memory, a descriptor, a lock. What is in the file isn't
    /// affected.
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
        // A full disk answers the second when the log's index has to grow.
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
