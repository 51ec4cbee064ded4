/// What the last write told of the disk under a store.
package enum StoreHealth: Sendable, Equatable {
    case healthy
    /// The last write found no space. The next one that finds some makes the store healthy again.
    case full
    /// The disk failed while writing: what it holds now is unknown, and later syncs may lie. Only a restart ends this.
    case failed(reason: String)

    /// A transaction is on disk.
    mutating func wrote() {
        if self == .full { self = .healthy }
    }

    /// A transaction could not be brought to disk; errors that are no fault of the disk's change nothing.
    ///
    /// - Returns: why the store has failed, the one time that it does.
    mutating func couldNotWrite(_ error: any Error) -> String? {
        if case .failed = self { return nil }
        switch StoreError.translating(error) {
        case StoreError.full: self = .full
        case StoreError.failed(let reason):
            self = .failed(reason: reason)
            return reason
        default: break
        }
        return nil
    }
}
