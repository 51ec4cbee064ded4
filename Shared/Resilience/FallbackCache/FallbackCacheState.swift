/// The last good values and what of them has to be written, without clock, lock or storage.
///
/// Ages are counted on the monotonic clock. Wall-clock times are met only on the way to and from the storage.
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
    /// What the storage has to be told. No key is in both sets.
    var changes = Changes()
    private(set) var evicted = 0
    /// Refreshes that run, by key. One whose key has been removed meanwhile must not bring it back, and isn't
    /// listed any more.
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
        // Two callers may have read the clock in another order than they came here; the order of the list is
        // that of time.
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

    /// Stores what a refresh brought, unless something newer came, or the key was removed, since it began.
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

    /// - Parameter noting: whether it has to go from the storage too. While a storage fails for long, what
    ///   was only pushed out isn't noted beyond a bound: the next load will find it too old to fit, and have
    ///   it removed then.
    private mutating func drop(_ key: Key, noting: Bool = true) {
        guard let entry = values.remove(key) else { return }
        changes.written.remove(key)
        if entry.isKept, noting { changes.removed.insert(key) }
    }
}

/// A value that was right once, and how long ago that was.
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
