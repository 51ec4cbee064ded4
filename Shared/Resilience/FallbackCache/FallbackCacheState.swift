/// The last good values and which of them have to be written, without clock, lock or storage.
///
/// Ages are counted on the monotonic clock. Wall-clock times occur only on the way to and from the storage.
struct FallbackCacheState<Key: Hashable & Sendable, Value: Sendable> {
    typealias Entry = FallbackCacheEntry<Key, Value>

    enum Found {
        case value(LastGood<Value>)
        case tooOld
        case nothing
    }

    /// Keys that have changed; their values are looked up when they are about to be written.
    struct Changes {
        var written: Set<Key> = []
        var removed: Set<Key> = []
        var count: Int { written.count + removed.count }
    }

    var maximumAge: Duration
    private(set) var capacity: Int
    let isPersistent: Bool
    var values = RecencyList<Key, Value>()
    /// Changes for the storage. No key is in both sets.
    var changes = Changes()
    private(set) var evicted = 0
    /// Running refreshes, by key. One whose key has been removed meanwhile must not bring it back, and is no
    /// longer listed.
    private var refreshes: [Key: Set<UInt64>] = [:]
    private var lastRefresh: UInt64 = 0

    init(_ configuration: FallbackCacheConfiguration, isPersistent: Bool) {
        maximumAge = configuration.maximumAge
        capacity = configuration.capacity
        self.isPersistent = isPersistent
    }

    func find(_ key: Key, now: ContinuousClock.Instant) -> Found {
        guard let entry = values[key] else { return .nothing }
        let age = max(.zero, entry.storedAt.duration(to: now))
        return age > maximumAge ? .tooOld : .value(LastGood(value: entry.value, age: age))
    }

    mutating func store(_ value: Value, for key: Key, now: ContinuousClock.Instant) {
        // Two callers may arrive in another order than they read the clock; the list is in the order of time.
        let now = max(now, values.newest?.storedAt ?? now)
        let former = values.store(value, for: key, at: now)
        if isPersistent, former?.isDirty != true {
            values.mark(
                key, isDirty: true, isKept: former?.isKept == true || changes.removed.remove(key) != nil)
            changes.written.insert(key)
        }
        if former == nil { evict() }
    }

    /// A refresh begins.
    /// - Returns: its number.
    mutating func beginRefresh(_ key: Key) -> UInt64 {
        lastRefresh += 1
        refreshes[key, default: []].insert(lastRefresh)
        return lastRefresh
    }

    /// A refresh has ended. False: its key was removed since it began.
    @discardableResult
    mutating func endRefresh(_ key: Key, _ number: UInt64) -> Bool {
        let isListed = refreshes[key]?.remove(number) != nil
        if refreshes[key]?.isEmpty == true { refreshes[key] = nil }
        return isListed
    }

    /// Stores what a refresh fetched, unless a newer value came, or the key was removed, since it began.
    mutating func refresh(
        _ value: Value, for key: Key, _ number: UInt64, began: ContinuousClock.Instant,
        now: ContinuousClock.Instant
    ) -> Bool {
        guard endRefresh(key, number) else { return false }
        if let storedAt = values[key]?.storedAt, storedAt > began { return false }
        store(value, for: key, now: now)
        return true
    }

    mutating func remove(_ key: Key) {
        refreshes[key] = nil
        drop(key)
    }

    mutating func resize(to capacity: Int) {
        self.capacity = capacity
        evict()
    }

    private mutating func evict() {
        while values.count > capacity, let oldest = values.oldest {
            evicted += 1
            let isNoted = changes.removed.count < max(1_000, 2 * capacity)
            drop(oldest.key, noting: isNoted)
        }
    }

    /// - Parameter noting: whether the storage has to remove it too. While a storage fails for long, dropped
    ///   values aren't noted beyond a bound: the next load finds too many and has the oldest removed then.
    private mutating func drop(_ key: Key, noting: Bool = true) {
        guard let entry = values.remove(key) else { return }
        changes.written.remove(key)
        if entry.isKept, noting { changes.removed.insert(key) }
    }
}

/// A value that was right once, and how long ago.
public struct LastGood<Value> {
    /// The value itself.
    public var value: Value
    /// Never negative.
    public var age: Duration

    /// A value and its age, which should not be negative.
    public init(value: Value, age: Duration) {
        self.value = value
        self.age = age
    }
}

extension LastGood: Sendable where Value: Sendable {}
extension LastGood: Equatable where Value: Equatable {}
