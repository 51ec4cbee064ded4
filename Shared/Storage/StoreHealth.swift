/// The state of the disk under a store, by the last write.
package enum StoreHealth: Sendable, Equatable {
    case healthy
    /// The last write found no space. The next one that finds some makes the store healthy again.
    case full
    /// The last write lacked memory, a file descriptor or a lock. The next one that succeeds makes the store
    /// healthy again.
    case unavailable(reason: String)
    /// The disk failed while writing: what it holds now is unknown, and later syncs may lie. Only a restart
    /// ends this.
    case failed(reason: String)
    /// The check of the file has found damage. A restart refuses it; a backup ends this.
    case damaged(reason: String)

    /// Why nothing is written any more; nil where the next write is tried.
    var finalReason: String? {
        switch self {
        case .failed(let reason), .damaged(let reason): reason
        case .healthy, .full, .unavailable: nil
        }
    }

    /// A transaction is on disk.
    ///
    /// - Returns: whether that changed anything.
    mutating func wrote() -> Bool {
        switch self {
        case .healthy, .failed, .damaged: return false
        case .full, .unavailable:
            self = .healthy
            return true
        }
    }

    /// A transaction could not be brought to disk; errors that aren't the store's change nothing.
    ///
    /// - Returns: whether that changed anything.
    mutating func couldNotWrite(_ error: any Error) -> Bool {
        let before = self
        switch (StoreError.translating(error), self) {
        case (_, .failed), (_, .damaged): break
        case (StoreError.full, _): self = .full
        case (StoreError.unavailable(let reason), _): self = .unavailable(reason: reason)
        case (StoreError.failed(let reason), _): self = .failed(reason: reason)
        default: break
        }
        return self != before
    }

    /// The check found damage.
    ///
    /// - Returns: whether that changed anything.
    mutating func isDamaged(_ reason: String) -> Bool {
        guard finalReason == nil else { return false }
        self = .damaged(reason: reason)
        return true
    }
}
