/// To the storage and back: the only place with wall-clock times.
extension FallbackCacheState {
    /// What is written to the storage at once.
    struct Batch {
        var entries: [Entry] = []
        var removed: [Key] = []
        var isEmpty: Bool { entries.isEmpty && removed.isEmpty }
    }

    /// Adds what the storage had. A value that is known already is newer, and stays.
    ///
    /// The age of an entry from the future (the clock was set back) is unknown. It counts as new, and is
    /// written again with the current time, so that it ages from here on, over further restarts too.
    /// - Parameter created: when the cache was created: everything in the storage is older than that.
    mutating func load(
        _ entries: [Entry], created: ContinuousClock.Instant, now: ContinuousClock.Instant, wall: Int64
    ) {
        let loaded = entries.filter { values[$0.key] == nil && !changes.removed.contains($0.key) }
            .map { (entry: $0, storedAt: min(created, now.advanced(by: .zero - Self.age(of: $0, wall)))) }
            .sorted { $0.storedAt < $1.storedAt }
        let known = values.entries
        values = RecencyList()
        for (entry, storedAt) in loaded {
            values.store(entry.value, for: entry.key, at: storedAt)
            let isFromFuture = entry.storedAt > wall
            values.mark(entry.key, isDirty: isFromFuture, isKept: true)
            if isFromFuture { changes.written.insert(entry.key) }
        }
        for entry in known.reversed() {
            values.store(entry.value, for: entry.key, at: entry.storedAt)
            values.mark(entry.key, isDirty: entry.isDirty, isKept: entry.isKept)
        }
        resize(to: capacity)
    }

    /// Takes all changes to be written; those that don't become a batch have to be given back.
    mutating func takeChanges() -> Changes {
        defer { changes = Changes() }
        return changes
    }

    /// The current values of `keys`, and those of `removed` that are still absent.
    mutating func batch(
        writing keys: some Sequence<Key>, removing removed: some Sequence<Key>, now: ContinuousClock.Instant,
        wall: Int64
    ) -> Batch {
        var batch = Batch()
        for key in removed {
            if let entry = values[key] {
                values.mark(key, isDirty: entry.isDirty, isKept: true)
            } else {
                batch.removed.append(key)
            }
        }
        for key in keys {
            guard let entry = values[key], entry.isDirty else { continue }
            // Even a failed write may have been done.
            values.mark(key, isDirty: false, isKept: true)
            let age = max(.zero, entry.storedAt.duration(to: now)).milliseconds
            batch.entries.append(
                Entry(key: key, value: entry.value, storedAt: Self.before(wall, by: age)))
        }
        return batch
    }

    /// These could not be written: those that still differ from the storage have to be written again.
    mutating func giveBack(_ failed: Changes) {
        for key in failed.removed {
            if let entry = values[key] {
                values.mark(key, isDirty: entry.isDirty, isKept: true)
            } else {
                changes.removed.insert(key)
            }
        }
        for key in failed.written where values[key] != nil {
            values.mark(key, isDirty: true, isKept: values[key]?.isKept == true)
            changes.written.insert(key)
        }
    }

    private static func before(_ wall: Int64, by age: Int64) -> Int64 {
        let (storedAt, overflow) = wall.subtractingReportingOverflow(age)
        return overflow ? .min : storedAt
    }

    private static func age(of entry: Entry, _ wall: Int64) -> Duration {
        if entry.storedAt >= wall { return .zero }
        let (age, overflow) = wall.subtractingReportingOverflow(entry.storedAt)
        return .milliseconds(overflow ? Int64.max : age)
    }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var milliseconds: Int64 {
        Int64(clamping: attoseconds / 1_000_000_000_000_000)
    }
}
