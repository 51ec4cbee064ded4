package import Contracts

/// Where ``PeerStores`` keeps what it has learned, if not in a file.
package struct PeerRecord: Sendable {
    /// What was kept before.
    package var kept: [ServiceStore]
    /// Called with everything that is known, at each change.
    package var keep: @Sendable ([ServiceStore]) -> Void

    package init(kept: [ServiceStore], keep: @escaping @Sendable ([ServiceStore]) -> Void) {
        self.kept = kept
        self.keep = keep
    }
}
