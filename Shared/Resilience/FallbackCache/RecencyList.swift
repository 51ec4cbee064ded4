/// Values by key, in the order in which they were stored: looks up, stores, removes and drops the oldest in
/// constant time (amortised), without an allocation for each value. The list is linked by positions in one
/// array.
struct RecencyList<Key: Hashable, Value> {
    struct Entry {
        let key: Key
        var value: Value
        var storedAt: ContinuousClock.Instant
        /// Differs from what is in the storage.
        var isDirty = false
        /// May be in the storage.
        var isKept = false
        fileprivate var older: Int?
        fileprivate var newer: Int?

        init(key: Key, value: Value, storedAt: ContinuousClock.Instant) {
            self.key = key
            self.value = value
            self.storedAt = storedAt
        }
    }

    private var slots: [Entry?] = []
    private var free: [Int] = []
    private var positions: [Key: Int] = [:]
    private var newestSlot: Int?
    private var oldestSlot: Int?

    var count: Int { positions.count }
    var newest: Entry? { newestSlot.flatMap { slots[$0] } }
    var oldest: Entry? { oldestSlot.flatMap { slots[$0] } }
    subscript(_ key: Key) -> Entry? { positions[key].flatMap { slots[$0] } }

    /// From the newest to the oldest.
    var entries: [Entry] {
        var entries: [Entry] = []
        var next = newestSlot
        while let slot = next, let entry = slots[slot] {
            entries.append(entry)
            next = entry.older
        }
        return entries
    }

    /// Makes `value` the newest; an entry of the same key is changed and moved.
    /// - Returns: the marks of the key's earlier entry, nil if it is new.
    @discardableResult
    mutating func store(
        _ value: Value, for key: Key, at storedAt: ContinuousClock.Instant
    ) -> (isDirty: Bool, isKept: Bool)? {
        guard let slot = positions[key] else {
            let slot = free.popLast() ?? slots.count
            let entry = Entry(key: key, value: value, storedAt: storedAt)
            if slot == slots.count { slots.append(entry) } else { slots[slot] = entry }
            positions[key] = slot
            link(slot)
            return nil
        }
        if slot != newestSlot {
            unlink(slot)
            link(slot)
        }
        slots[slot]?.value = value
        slots[slot]?.storedAt = storedAt
        return slots[slot].map { ($0.isDirty, $0.isKept) }
    }

    mutating func remove(_ key: Key) -> Entry? {
        guard let slot = positions.removeValue(forKey: key) else { return nil }
        unlink(slot)
        let entry = slots[slot]
        slots[slot] = nil
        free.append(slot)
        return entry
    }

    /// Notes whether the value of `key` differs from the storage's, and whether it may be there at all.
    mutating func mark(_ key: Key, isDirty: Bool, isKept: Bool) {
        guard let slot = positions[key] else { return }
        slots[slot]?.isDirty = isDirty
        slots[slot]?.isKept = isKept
    }

    private mutating func link(_ slot: Int) {
        slots[slot]?.older = newestSlot
        slots[slot]?.newer = nil
        if let newestSlot { slots[newestSlot]?.newer = slot } else { oldestSlot = slot }
        newestSlot = slot
    }

    private mutating func unlink(_ slot: Int) {
        let (older, newer) = (slots[slot]?.older, slots[slot]?.newer)
        if let older { slots[older]?.newer = newer } else { oldestSlot = newer }
        if let newer { slots[newer]?.older = older } else { newestSlot = older }
    }
}
