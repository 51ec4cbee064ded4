import Resilience
import TestSupport
import Testing

@Suite("Fallback cache", .timeLimit(.minutes(10)))
struct FallbackCacheTests {
    typealias Cache = FallbackCache<String, Int>
    typealias Entry = FallbackCacheEntry<String, Int>

    /// A storage in memory that can fail and hang.
    final class Table: FallbackCacheStorage {
        struct Full: Error, CustomStringConvertible { let description = "disk full" }
        struct Rows {
            var entries: [String: Entry] = [:]
            var isFailing = false
            var saves: [(entries: [Entry], removed: [String])] = []
        }
        let rows = Locked(Rows())
        let isOpen = Watched(true)
        let saving = Watched(0)
        let sawCancellation = Watched(false)

        func load() async throws -> [Entry] {
            try rows.withLock { rows in
                if rows.isFailing { throw Full() }
                return Array(rows.entries.values)
            }
        }

        func save(_ entries: [Entry], removing keys: [String]) async throws {
            saving.update { $0 += 1 }
            await isOpen.until(evenIfCancelled: true) { $0 }
            if Task.isCancelled { sawCancellation.update { $0 = true } }
            try rows.withLock { rows in
                if rows.isFailing { throw Full() }
                rows.saves.append((entries, keys))
                for key in keys { rows.entries[key] = nil }
                for entry in entries { rows.entries[entry.key] = entry }
            }
        }

        var saves: [(entries: [Entry], removed: [String])] { rows.withLock { $0.saves } }
        var values: [String: Int] { rows.withLock { $0.entries.mapValues(\.value) } }
        func fail(_ isFailing: Bool) { rows.withLock { $0.isFailing = isFailing } }
    }

    let time = ManualTime()
    let events = Recorded<PolicyEvent.Kind>()
    let table = Table()

    private var environment: PolicyEnvironment {
        PolicyEnvironment(name: "catalogue", time: time.source, report: { [events] in events.add($0.kind) })
    }

    private func wallClock(_ start: Int64 = 1_700_000_000_000) -> @Sendable () -> Int64 {
        { [time] in start + Int64(time.elapsed / .milliseconds(1)) }
    }

    private func cache(_ configuration: FallbackCacheConfiguration = .init(), wall: Int64 = 1_700_000_000_000)
        throws -> Cache
    {
        try Cache(configuration, storage: table, wall: wallClock(wall), environment: environment)
    }

    @Test("the last good value comes back with its age, until it is too old")
    func age() throws {
        let cache = try Cache(.init(maximumAge: .seconds(10)), environment: environment)
        cache.store(1, for: "a")
        cache.store(2, for: "a")
        time.advance(by: .seconds(4))
        #expect(cache.lookup("a") == LastGood(value: 2, age: .seconds(4)))
        #expect(cache.lookup("b") == nil)
        time.advance(by: .seconds(6))
        #expect(cache.lookup("a")?.age == .seconds(10))
        time.advance(by: .milliseconds(1))
        #expect(cache.lookup("a") == nil)
        try cache.reconfigure(.init(maximumAge: .seconds(60)))
        #expect(cache.lookup("a")?.value == 2)
        let snapshot = cache.snapshot
        #expect(snapshot.hits == 3 && snapshot.misses == 1 && snapshot.tooOld == 1 && snapshot.entries == 1)
        #expect(snapshot.oldestAge == .milliseconds(10_001))
        #expect(snapshot.unwritten == 0)
    }

    @Test("when it is full the one that was stored the longest ago goes")
    func eviction() throws {
        let cache = try Cache(.init(capacity: 2), environment: environment)
        for key in ["a", "b", "a", "c"] { cache.store(1, for: key) }
        #expect(cache.lookup("b") == nil)
        #expect(cache.lookup("a") != nil && cache.lookup("c") != nil)
        try cache.reconfigure(.init(capacity: 1))
        #expect(cache.snapshot.entries == 1 && cache.snapshot.evicted == 2)
        #expect(cache.lookup("c") != nil)
    }

    @Test("a burst on one key is one write, written behind and in batches")
    func writeBehind() async throws {
        let cache = try cache(.init(writeEvery: .seconds(5), batchSize: 2))
        for value in 0..<1_000 { cache.store(value, for: "a") }
        cache.store(7, for: "b")
        cache.store(8, for: "c")
        #expect(table.saves.isEmpty && cache.snapshot.unwritten == 3)
        let running = Task { await cache.run() }
        await time.sleepers(1)
        time.advance(by: .seconds(5))
        await time.sleepers(1)
        #expect(table.saves.map(\.entries.count) == [2, 1])
        #expect(table.values == ["a": 999, "b": 7, "c": 8])
        time.advance(by: .seconds(5))
        await time.sleepers(1)
        #expect(table.saves.count == 2)
        cache.store(9, for: "c")
        cache.remove("b")
        running.cancel()
        await running.value
        #expect(table.values == ["a": 999, "c": 9])
        #expect(!table.sawCancellation.value)
    }

    @Test("values and their ages survive a restart, those that are too old included")
    func restart() async throws {
        let before = try cache(.init(maximumAge: .seconds(60)))
        before.store(1, for: "old")
        time.advance(by: .seconds(50))
        before.store(2, for: "new")
        await before.flush()
        time.advance(by: .seconds(20))
        let after = try cache(.init(maximumAge: .seconds(60)))
        after.store(3, for: "newest")
        #expect(await after.load() == 3)
        #expect(after.lookup("new") == LastGood(value: 2, age: .seconds(20)))
        #expect(after.lookup("old") == nil)
        #expect(after.snapshot.tooOld == 1 && after.snapshot.oldestAge == .seconds(70))
        #expect(after.snapshot.unwritten == 1)
    }

    @Test("what was stored before the loading was done is newer than what is loaded")
    func storedWhileLoading() async throws {
        let before = try cache()
        before.store(1, for: "a")
        await before.flush()
        let after = try cache(.init(capacity: 2))
        after.store(2, for: "a")
        after.store(2, for: "b")
        #expect(await after.load() == 2)
        #expect(after.lookup("a")?.value == 2)
    }

    @Test("a clock that was set back makes a value new once, not for ever")
    func clockSetBack() async throws {
        let hour: Int64 = 3_600_000
        let before = try cache()
        before.store(1, for: "a")
        await before.flush()
        let second = try cache(.init(maximumAge: .seconds(600)), wall: 1_700_000_000_000 - hour)
        await second.load()
        #expect(second.lookup("a")?.age == .zero)
        time.advance(by: .seconds(500))
        #expect(second.lookup("a")?.age == .seconds(500))
        await second.flush()
        let third = try cache(.init(maximumAge: .seconds(600)), wall: 1_700_000_000_000 - hour)
        await third.load()
        #expect(third.lookup("a")?.age == .seconds(500))
        time.advance(by: .seconds(101))
        #expect(third.lookup("a") == nil)
    }

    @Test("a clock that is set while the process runs changes no age")
    func clockSetWhileRunning() async throws {
        let wall = Watched<Int64>(1_000_000)
        let cache = try Cache(storage: table, wall: { wall.value }, environment: environment)
        cache.store(1, for: "a")
        time.advance(by: .seconds(3))
        wall.update { $0 = 5 }
        #expect(cache.lookup("a")?.age == .seconds(3))
        await cache.flush()
        #expect(table.saves.first?.entries.first?.storedAt == 5 - 3_000)
    }

    @Test("a storage that fails fails no call: it is reported, counted, and written to again")
    func failingStorage() async throws {
        let cache = try cache(.init(batchSize: 1))
        table.fail(true)
        #expect(await cache.load() == 0)
        cache.store(1, for: "a")
        cache.store(2, for: "b")
        await cache.flush()
        #expect(cache.lookup("a")?.value == 1)
        #expect(cache.snapshot.storageFailures == 2 && cache.snapshot.unwritten == 2)
        #expect(events.all == [.storageFailed("disk full"), .storageFailed("disk full")])
        cache.store(3, for: "b")
        table.fail(false)
        await cache.flush()
        #expect(table.values == ["a": 1, "b": 3])
        #expect(cache.snapshot.unwritten == 0)
    }

    @Test("while a storage fails, what waits to be written stays bounded")
    func boundedBacklog() async throws {
        let cache = try cache(.init(capacity: 10))
        for value in 0..<10 { cache.store(value, for: "kept \(value)") }
        await cache.flush()
        table.fail(true)
        for round in 0..<200 {
            for value in 0..<10 { cache.store(value, for: "\(round) \(value)") }
            await cache.flush()
        }
        // Each round may have been written in spite of the failure, and so may be repeated.
        #expect(cache.snapshot.unwritten <= 1_010)
        table.fail(false)
        await cache.flush()
        #expect(cache.snapshot.unwritten == 0)
        let after = try self.cache(.init(capacity: 10))
        await after.load()
        await after.flush()
        #expect(table.values.count == 10)
    }

    @Test("values that don't fit when they are loaded go from the storage too, the oldest first")
    func loadedTooMany() async throws {
        let before = try cache()
        for value in 0..<5 {
            before.store(value, for: "\(value)")
            time.advance(by: .seconds(1))
        }
        await before.flush()
        let after = try cache(.init(capacity: 2))
        #expect(await after.load() == 2)
        await after.flush()
        #expect(table.values == ["3": 3, "4": 4])
    }

    @Test("a write goes on when its waiting caller is cancelled, and the next one waits for it")
    func cancelledFlush() async throws {
        let cache = try cache()
        table.isOpen.update { $0 = false }
        cache.store(1, for: "a")
        let first = Task { await cache.flush() }
        await table.saving.until { $0 == 1 }
        first.cancel()
        cache.store(2, for: "a")
        async let second: Void = cache.flush()
        #expect(cache.lookup("a")?.value == 2)
        table.isOpen.update { $0 = true }
        await second
        #expect(table.saves.map { $0.entries.map(\.value) } == [[1], [2]])
        #expect(!table.sawCancellation.value)
    }

    @Test("a refresh stores what it fetched; one that fails leaves what was there")
    func refresh() async throws {
        let cache = try Cache(environment: environment)
        guard case .refreshed = await cache.refresh("a", with: { 5 }) else {
            Issue.record("not refreshed")
            return
        }
        time.advance(by: .seconds(1))
        guard case .failed(let error) = await cache.refresh("a", with: { throw Table.Full() }) else {
            Issue.record("not failed")
            return
        }
        #expect(error is Table.Full)
        #expect(cache.lookup("a") == LastGood(value: 5, age: .seconds(1)))
    }

    @Test("refreshes of one key are one, and those beyond the limit are left out")
    func stampede() async throws {
        let cache = try Cache(.init(maximumRefreshes: 1), environment: environment)
        let (begun, isOpen) = (Watched(0), Watched(false))
        let fetch: @Sendable () async throws -> Int = {
            begun.update { $0 += 1 }
            await isOpen.until(evenIfCancelled: true) { $0 }
            return 3
        }
        async let first = cache.refresh("a", with: fetch)
        await begun.until { $0 == 1 }
        async let second = cache.refresh("a", with: fetch)
        guard case .skipped = await cache.refresh("b", with: fetch) else {
            Issue.record("not skipped")
            return
        }
        #expect(cache.snapshot.refreshing == 1 && cache.snapshot.refreshesSkipped == 1)
        isOpen.update { $0 = true }
        _ = await (first, second)
        #expect(cache.lookup("a")?.value == 3 && cache.lookup("b") == nil)
        #expect(events.all.isEmpty)
    }

    @Test("a slow refresh neither overwrites a newer value nor brings back a removed one")
    func overtaken() async throws {
        let cache = try Cache(environment: environment)
        cache.store(1, for: "a")
        let overtaken = await cache.refresh("a") { [time] in
            time.advance(by: .milliseconds(1))
            cache.store(2, for: "a")
            return 1
        }
        guard case .superseded = overtaken else {
            Issue.record("not superseded")
            return
        }
        #expect(cache.lookup("a")?.value == 2)
        let removed = await cache.refresh("a") {
            cache.remove("a")
            return 3
        }
        guard case .superseded = removed else {
            Issue.record("not superseded")
            return
        }
        #expect(cache.lookup("a") == nil)
    }

    @Test("numbers that make no sense are all listed")
    func validation() throws {
        let wrong = FallbackCacheConfiguration(
            maximumAge: .zero, capacity: 0, writeEvery: .zero, batchSize: 0, maximumRefreshes: 0)
        let error = #expect(throws: InvalidConfiguration.self) { try Cache(wrong) }
        #expect(
            error?.problems.map { $0.prefix { $0 != " " } }
                == ["maximumAge", "capacity", "writeEvery", "batchSize", "maximumRefreshes"])
    }

    @Test("what is removed, there or not, supersedes the refreshes of its own key that run, and no others")
    func removedDuringRefresh() async throws {
        let cache = try Cache(.init(), environment: environment)
        let fetching = Watched(0)
        let isOpen = Watched(false)
        func refresh(_ key: String) -> Task<Cache.Refreshed, Never> {
            Task {
                await cache.refresh(key) {
                    fetching.update { $0 += 1 }
                    await isOpen.until { $0 }
                    return 1
                }
            }
        }
        let (kept, superseded) = (refresh("a"), refresh("b"))
        await fetching.until { $0 == 2 }
        cache.remove("b")
        cache.remove("c")
        isOpen.update { $0 = true }
        guard case .refreshed = await kept.value, case .superseded = await superseded.value else {
            Issue.record("\(await kept.value), \(await superseded.value)")
            return
        }
        #expect(cache.keys == ["a"])
        guard case .refreshed = await refresh("b").value else {
            Issue.record("a refresh that began after the removal")
            return
        }
    }

    @Test(
        "the end of the process waits for a storage that hangs no longer than it says, and reports that",
        arguments: [false, true])
    func hangingAtTheEnd(isAtWork: Bool) async throws {
        let cache = try cache(.init(lastWrite: .seconds(2)))
        cache.store(1, for: "a")
        table.isOpen.update { $0 = false }
        let run = Task { await cache.run() }
        await time.sleepers(1)
        if isAtWork {
            // The storage hangs already when the process ends.
            time.advance(by: .seconds(1))
            await table.saving.until { $0 == 1 }
        }
        run.cancel()
        await table.saving.until { $0 == 1 }
        await time.sleepers(1)
        time.advance(by: .seconds(2))
        await run.value
        #expect(cache.snapshot.storageFailures == 1)
        #expect(events.all == [.storageFailed("the storage is still at work; it is waited for no longer")])
        // A write under way is not interrupted.
        table.isOpen.update { $0 = true }
        await cache.flush()
        #expect(table.values == ["a": 1] && !table.sawCancellation.value)
    }

}
