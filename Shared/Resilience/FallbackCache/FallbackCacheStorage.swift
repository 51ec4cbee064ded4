/// Where a ``FallbackCache`` keeps its values so that they survive a restart. To be implemented by the user:
/// a table with one row a key.
///
/// Calls come one at a time, and in a task that isn't cancelled. An error fails no call: it is counted and
/// reported (``PolicyEvent/Kind/storageFailed(_:)``), and the change is written again later.
public protocol FallbackCacheStorage<Key, Value>: Sendable {
    /// The type of the keys.
    associatedtype Key: Hashable & Sendable
    /// The type of the values.
    associatedtype Value: Sendable

    /// Everything that was saved and not removed, in any order.
    func load() async throws -> [FallbackCacheEntry<Key, Value>]

    /// Applies one batch of changes, each key in it once: writes `entries`, replacing those of the same key,
    /// and removes `keys`, whether they are there or not. All or nothing is best; after an error the same
    /// changes come again, or newer ones.
    func save(_ entries: [FallbackCacheEntry<Key, Value>], removing keys: [Key]) async throws
}

/// A stored value.
public struct FallbackCacheEntry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// The value's key.
    public var key: Key
    /// The last good value.
    public var value: Value
    /// When it was known to be right: milliseconds of the wall clock (since 1970), the only clock that
    /// survives a restart.
    public var storedAt: Int64

    /// An element of what ``FallbackCacheStorage/load()`` returns.
    public init(key: Key, value: Value, storedAt: Int64) {
        self.key = key
        self.value = value
        self.storedAt = storedAt
    }
}

extension FallbackCacheEntry: Equatable where Value: Equatable {}
