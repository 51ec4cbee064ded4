import TestSupport
import Testing

@testable import Resilience

/// The cache as a list of what was stored and a table of what was written.
private struct ObviousCache {
    var capacity: Int
    var maximumAge: Duration
    /// The oldest first.
    var stored: [(key: Int, value: Int, at: Duration)] = []
    /// What the storage would hold if writing were free.
    var removedSince: Int = 0

    mutating func store(_ key: Int, _ value: Int, at: Duration) {
        stored.removeAll { $0.key == key }
        stored.append((key, value, at))
        if stored.count > capacity { stored.removeFirst(stored.count - capacity) }
    }
}

@Suite("Fallback cache, against an obvious model")
struct FallbackCachePropertyTests {
    typealias State = FallbackCacheState<Int, Int>

    @Test(
        "returns what was stored last with its age, drops the oldest, and its storage ends up the same"
    )
    func model() throws {
        var random = SeededRandomSource("fallback cache")
        for _ in 0..<100 { try run(&random, steps: 1_000) }
    }

    private func run(_ random: inout SeededRandomSource, steps: Int) throws {
        let start = ContinuousClock.now
        var model = ObviousCache(capacity: 1 + random.upTo(12), maximumAge: .milliseconds(500))
        func configuration() -> FallbackCacheConfiguration {
            FallbackCacheConfiguration(maximumAge: model.maximumAge, capacity: model.capacity)
        }
        var state = State(configuration(), isPersistent: true)
        var storage: [Int: (value: Int, at: Int64)] = [:]
        var now = Duration.zero
        var wallAhead: Int64 = 1_700_000_000_000
        func wall() -> Int64 { wallAhead + Int64(now / .milliseconds(1)) }
        /// A write under way: its changes, the current batch, and what is still to be batched.
        var writing: (rest: State.Changes, batch: State.Batch)?

        for step in 0..<steps {
            if random.upTo(3) == 0 { now += .milliseconds(random.upTo(120)) }
            let instant = start.advanced(by: now)
            let key = random.upTo(20)
            switch random.upTo(24) {
            case 0..<9:
                state.store(step, for: key, now: instant)
                model.store(key, step, at: now)
            case 9..<14:
                let expected = model.stored.first { $0.key == key }
                switch state.find(key, now: instant) {
                case .nothing: try #require(expected == nil)
                case .tooOld: try #require(expected.map { now - $0.at > model.maximumAge } == true)
                case .value(let found):
                    let expected = try #require(expected)
                    try #require(found == LastGood(value: expected.value, age: now - expected.at))
                    try #require(found.age <= model.maximumAge)
                }
            case 14:
                state.remove(key)
                model.stored.removeAll { $0.key == key }
            case 15:
                // A refresh that began a while ago.
                let began = max(.zero, now - .milliseconds(random.upTo(200)))
                let number = state.beginRefresh(key)
                let removed = random.upTo(3) == 0 ? (random.upTo(2) == 0 ? key : 99) : nil
                if let removed { state.remove(removed) }
                model.stored.removeAll { $0.key == removed }
                let isNewer = model.stored.contains { $0.key == key && $0.at > began }
                let isStored = state.refresh(
                    step, for: key, number, began: start.advanced(by: began), now: instant)
                try #require(isStored == (!isNewer && removed != key))
                if isStored { model.store(key, step, at: now) }
            case 16 where random.upTo(6) == 0:
                model.capacity = 1 + random.upTo(12)
                model.stored.removeFirst(max(0, model.stored.count - model.capacity))
                state.resize(to: model.capacity)
            case 17:
                model.maximumAge = .milliseconds(100 + random.upTo(600))
                state.maximumAge = model.maximumAge
            case 18 where writing == nil:
                writing = (state.takeChanges(), State.Batch())
            case 18..<23:
                guard let (rest, batch) = writing else { continue }
                // The batch arrives, or doesn't; independently of that the state is told success or failure.
                let (hasArrived, isKnown) = (random.upTo(4) > 0, random.upTo(4) > 0)
                if hasArrived || isKnown {
                    for key in batch.removed { storage[key] = nil }
                    for entry in batch.entries { storage[entry.key] = (entry.value, entry.storedAt) }
                }
                if isKnown {
                    writing = next(rest, random.upTo(5) + 1)
                } else {
                    var failed = rest
                    failed.removed.formUnion(batch.removed)
                    failed.written.formUnion(batch.entries.map(\.key))
                    state.giveBack(failed)
                    writing = nil
                }
            default:
                guard random.upTo(8) == 0 else { continue }
                try settle()
                // A restart, with the wall clock set forward or back, or left alone.
                now += .milliseconds(random.upTo(300))
                let shift = random.upTo(3) == 0 ? Int64(random.upTo(2_000)) - 1_000 : 0
                wallAhead += shift
                let down = now
                state = State(configuration(), isPersistent: true)
                now += .milliseconds(random.upTo(50))
                let kept = storage.map {
                    State.Entry(key: $0.key, value: $0.value.value, storedAt: $0.value.at)
                }
                let read = wall()
                state.load(kept, created: start.advanced(by: down), now: start.advanced(by: now), wall: read)
                model.stored = kept.map { entry in
                    let age = Duration.milliseconds(max(0, read - entry.storedAt))
                    return (entry.key, entry.value, min(down, now - age))
                }
                // Equal ages may come in either order.
                let order = state.values.entries.map(\.key)
                model.stored.sort { left, right in
                    left.at != right.at
                        ? left.at < right.at
                        : order.firstIndex(of: left.key) ?? .max > order.firstIndex(of: right.key) ?? .max
                }
                for entry in kept where entry.storedAt > read {
                    try #require(
                        state.values[entry.key].map(\.isDirty) ?? true, "its time has to be corrected")
                }
            }
            try check()
        }
        try settle()

        func next(_ rest: State.Changes, _ size: Int) -> (State.Changes, State.Batch)? {
            if rest.count == 0 { return nil }
            let removed = Set(rest.removed.prefix(size))
            let written = Set(rest.written.prefix(size))
            let batch = state.batch(
                writing: written, removing: removed, now: start.advanced(by: now), wall: wall())
            return (
                .init(written: rest.written.subtracting(written), removed: rest.removed.subtracting(removed)),
                batch
            )
        }

        /// The same keys in the same order of age, and every key accounted for.
        func check() throws {
            try #require(state.values.entries.reversed().map(\.key) == model.stored.map(\.key))
            try #require(state.values.count <= model.capacity)
            try #require(state.values.oldest?.key == model.stored.first?.key)
            try #require(state.changes.written.isDisjoint(with: state.changes.removed))
            try #require(state.changes.written.count <= model.capacity)
        }

        /// Two rounds of writing that succeed: the storage then equals the cache.
        func settle() throws {
            if let (rest, batch) = writing {
                var failed = rest
                failed.removed.formUnion(batch.removed)
                failed.written.formUnion(batch.entries.map(\.key))
                state.giveBack(failed)
                writing = nil
            }
            var round = next(state.takeChanges(), 4)
            while let (rest, batch) = round {
                for key in batch.removed { storage[key] = nil }
                for entry in batch.entries { storage[entry.key] = (entry.value, entry.storedAt) }
                round = next(rest, 4)
            }
            try #require(state.changes.count == 0)
            try #require(
                storage.mapValues(\.value)
                    == Dictionary(uniqueKeysWithValues: model.stored.map { ($0.key, $0.value) }))
        }
    }
}
