/// Where a ``FallbackCache`` keeps its values so that they survive a restart. Yours to write: a table with
/// one row a key.
///
/// Calls come one at a time, and in a task that isn't cancelled. What it throws fails no call: it is counted
/// and reported (``PolicyEvent/Kind/storageFailed(_:)``), and written again later.
public protocol FallbackCacheStorage<Key, Value>: Sendable {
    /// What values are kept by.
    associatedtype Key: Hashable & Sendable
    /// What is kept.
    associatedtype Value: Sendable

    /// Everything that was saved and not removed, in any order.
    func load() async throws -> [FallbackCacheEntry<Key, Value>]

    /// Makes one batch of changes, each key in it once: writes `entries` over what has the same key, and
    /// removes `keys`, whether they are there or not. All or nothing is best; after an error the same changes
    /// come again, or newer ones.
    func save(_ entries: [FallbackCacheEntry<Key, Value>], removing keys: [Key]) async throws
}

/// A value as it is kept.
public struct FallbackCacheEntry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// What it is the value of.
    public var key: Key
    /// The last good value.
    public var value: Value
    /// When it was known to be right: milliseconds of the wall clock (since 1970), the only clock that
    /// survives a restart.
    public var storedAt: Int64

    /// What a storage gives back from ``FallbackCacheStorage/load()``.
    public init(key: Key, value: Value, storedAt: Int64) {
        self.key = key
        self.value = value
        self.storedAt = storedAt
    }
}

extension FallbackCacheEntry: Equatable where Value: Equatable {}
