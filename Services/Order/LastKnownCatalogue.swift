import Contracts
import GRDB
import Resilience
import ServiceLifecycle
import ServingPath
import Storage

/// Prices and stock as inventory last told them, kept on disk: **consulted only when inventory can't be had**, so that an
/// order can be accepted at a price that is honoured later.
///
/// Filled when the service starts and every few minutes then; each reservation brings its products up to date in between.
final class LastKnownCatalogue: Sendable {
    private let cache: FallbackCache<String, Product>
    private let inventory: InventoryNeighbour
    private let time: TimeSource
    private let selling = Locked(())
    private let refreshEvery: Duration
    private let patience: Duration

    /// - Parameters:
    ///   - maximumAge: what is older is not used any more.
    ///   - refreshEvery: how often the whole catalogue is read.
    ///   - patience: how long a service that knows no catalogue at all waits for its first one before it serves.
    init(
        store: Store, inventory: InventoryNeighbour, maximumAge: Duration, refreshEvery: Duration, patience: Duration,
        environment: PolicyEnvironment, wall: @escaping @Sendable () -> Timestamp
    ) throws {
        self.inventory = inventory
        self.refreshEvery = refreshEvery
        self.patience = patience
        time = environment.time
        // Prices that a crash forgets are in the next refresh, so they are written seldom.
        let configuration = FallbackCacheConfiguration(maximumAge: maximumAge, capacity: 200_000, writeEvery: .seconds(5))
        cache = try FallbackCache(
            configuration, storage: ProductStorage(store: store), wall: { wall().milliseconds }, environment: environment)
    }

    /// All of the items' products; nil if one of them isn't known, or not lately.
    func products(_ items: [ItemQuantity]) -> LastKnownProducts? {
        var known = LastKnownProducts()
        for item in items {
            guard let found = product(item.sku) else { return nil }
            known.products[item.sku] = found.value
            known.age = max(known.age, found.age)
        }
        return known
    }

    func product(_ sku: String) -> LastGood<Product>? { cache.lookup(sku) }

    /// A live answer: the prices as they are now, and less stock by what was taken.
    func reserved(_ reservation: Reservation) {
        // One reservation after the other, so that none's pieces are forgotten.
        selling.withLock { _ in reservation.items.forEach(take) }
    }

    private func take(_ item: ReservedItem) {
        guard var product = cache.lookup(item.sku)?.value else { return }
        product.name = item.name
        product.unitPrice = item.unitPrice
        product.available = max(0, product.available - item.quantity)
        cache.store(product, for: item.sku)
    }

    /// Loads what was kept, and where there is nothing yet waits a moment for inventory: an order service that was never told
    /// a price can accept nothing without it. Inventory being dead is no reason not to start.
    func prepare() async {
        guard await cache.load() == 0 else { return }
        let deadline = Deadline.after(patience, from: time.now())
        while !deadline.hasPassed(at: time.now()) {
            // Asked whether it is ready first: calls that fail before it listens would open its breaker.
            let isReady = await inventory.isReady(by: .after(.milliseconds(500), from: time.now()))
            if isReady, await refresh(until: deadline) { return }
            try? await time.sleep(.milliseconds(50))
        }
    }

    /// Reads the whole catalogue, page by page; false if inventory couldn't be had. What is known already stays then.
    private func refresh(until deadline: Deadline? = nil) async -> Bool {
        var cursor: String?
        repeat {
            if deadline?.hasPassed(at: time.now()) == true { return false }
            guard let page = try? await inventory.products(after: cursor) else { return false }
            for product in page.items { cache.store(product, for: product.sku) }
            cursor = page.nextCursor
        } while cursor != nil
        return true
    }
}

extension LastKnownCatalogue: Service {
    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { [cache] in await cancelWhenGracefulShutdown { await cache.run() } }
            group.addTask { await cancelWhenGracefulShutdown { await self.keepFresh() } }
        }
    }

    private func keepFresh() async {
        while !Task.isCancelled {
            let isFresh = await refresh()
            try? await time.sleep(isFresh ? refreshEvery : .seconds(1))
        }
    }
}

/// Some products as they were last known.
struct LastKnownProducts: Sendable {
    var products: [String: Product] = [:]
    /// Of the oldest.
    var age: Duration = .zero

    var ageSeconds: Int { Int(age.components.seconds) }
}

/// The catalogue on disk: one row a product.
struct ProductStorage: FallbackCacheStorage {
    static let migration = Store.Migration(
        "catalogue-1",
        """
        CREATE TABLE last_known_products (
            sku TEXT NOT NULL PRIMARY KEY,
            product BLOB NOT NULL,
            known_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
    )

    let store: Store

    func load() async throws -> [FallbackCacheEntry<String, Product>] {
        try await store.read { database in
            // A row that can't be read is one product less, not an outage without any.
            try database.rows("SELECT sku, product, known_at FROM last_known_products").compactMap { row in
                (try? JSON.decode(Product.self, from: row[1])).map {
                    FallbackCacheEntry(key: row[0], value: $0, storedAt: row[2])
                }
            }
        }
    }

    func save(_ entries: [FallbackCacheEntry<String, Product>], removing keys: [String]) async throws {
        let entries = try entries.map { (key: $0.key, product: try JSON.encode($0.value), storedAt: $0.storedAt) }
        try await store.write("last known products") { database in
            for key in keys { try database.run("DELETE FROM last_known_products WHERE sku = ?", [key]) }
            for entry in entries {
                try database.run(
                    """
                    INSERT INTO last_known_products (sku, product, known_at) VALUES (?, ?, ?)
                    ON CONFLICT (sku) DO UPDATE SET product = excluded.product, known_at = excluded.known_at
                    """,
                    [entry.key, entry.product, entry.storedAt])
            }
        }
    }
}
