/// Which store, and how far it has come.
package struct StoreMark: Codable, Sendable, Hashable {
    /// Made up when the store is created.
    package var id: String
    /// Milliseconds since 1970 when a loss was last accepted; 0: never. Commits of an earlier epoch rank
    /// below all of a later one.
    package var epoch: Int64
    /// Transactions that are on disk, since the store was created.
    package var commits: Int64

    package init(id: String, epoch: Int64 = 0, commits: Int64 = 0) {
        self.id = id
        self.epoch = epoch
        self.commits = commits
    }

    /// Whether commits that were there are missing here: the same store with more of them, or another store
    /// without an accepted loss since.
    package func lacks(_ other: StoreMark) -> Bool {
        id == other.id ? (epoch, commits) < (other.epoch, other.commits) : epoch <= other.epoch
    }
}
