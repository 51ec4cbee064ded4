/// What `POST /backup` takes: where the copy is to be made.
package struct BackupRequest: Codable, Sendable, Hashable {
    /// Absolute; a file that doesn't exist yet.
    package var path: String

    package init(path: String) { self.path = path }
}

/// What `POST /backup` answers once the copy is on disk.
package struct BackupReceipt: Codable, Sendable, Hashable {
    package var path: String
    package var bytes: Int64

    package init(path: String, bytes: Int64) {
        self.path = path
        self.bytes = bytes
    }
}
