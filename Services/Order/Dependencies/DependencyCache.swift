import Contracts
import Mutants
import Resilience
import Storage

/// A fallback cache of all that a dependency lists, kept on disk: **consulted only when it can't be asked**.
/// Filled at the start and every few minutes then; live answers bring single values up to date.
final class DependencyCache<Value: Codable & Sendable>: Sendable {
    /// A page of the dependency's whole list; nil where it can't be asked.
    typealias Pages = @Sendable (_ cursor: String?) async -> Page<Value>?

    private let cache: FallbackCache<String, Value>
    private let name: @Sendable (Value) -> String
    private let time: TimeSource

    /// - Parameter name: what a value is looked up by.
    init(
        _ table: FallbackTable, store: Store, maximumAge: Duration, time: TimeSource,
        wall: @escaping @Sendable () -> Timestamp, name: @escaping @Sendable (Value) -> String
    ) throws {
        self.name = name
        self.time = time
        // What a crash forgets is in the next refresh, so it is written seldom.
        let configuration = FallbackCacheConfiguration(
            maximumAge: maximumAge, capacity: 200_000, writeEvery: .seconds(5))
        cache = try FallbackCache(
            configuration, storage: FallbackTableStorage(table: table, store: store),
            wall: { wall().milliseconds },
            environment: PolicyEnvironment(name: table.name, time: time))
    }

    /// Nil if it isn't known, or not lately.
    func lookup(_ name: String) -> LastGood<Value>? { cache.lookup(name) }

    /// A live answer.
    func store(_ value: Value) { cache.store(value, for: name(value)) }

    /// A live answer as well: there is no such thing any more.
    func remove(_ name: String) { cache.remove(name) }

    /// Loads what was kept; answers how much that was.
    func load() async -> Int { await cache.load() }

    /// Keeps it on disk and up to date until the task is cancelled.
    func keep(every interval: Duration, _ pages: @escaping Pages) async {
        await withDiscardingTaskGroup { group in
            group.addTask { [cache] in await cache.run() }
            group.addTask {
                while !Task.isCancelled {
                    let isFresh = await self.refresh(pages)
                    try? await self.time.sleep(isFresh ? interval : .seconds(1))
                }
            }
        }
    }

    /// Reads the whole list and forgets what isn't in it; false, and nothing is forgotten, if it can't be
    /// had. A list that was read is on disk: a service that has just become ready may be killed.
    func refresh(until deadline: Deadline? = nil, _ pages: Pages) async -> Bool {
        let before = Set(cache.keys)
        var listed: Set<String> = []
        var cursor: String?
        repeat {
            if deadline?.hasPassed(at: time.now()) == true { return false }
            guard let page = await pages(cursor) else { return false }
            for value in page.items {
                listed.insert(name(value))
                store(value)
            }
            cursor = page.nextCursor
        } while cursor != nil
        // An empty list is that of a service that hasn't been filled yet.
        if !listed.isEmpty { before.subtracting(listed).forEach(cache.remove) }
        if !Mutant.isOn(.servesBeforePricesAreKept) { await cache.flush() }
        return true
    }
}
