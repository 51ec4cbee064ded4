import Contracts
import Resilience
import ServiceLifecycle
import ServingPath

/// The fallback cache of prices and stock: **consulted only when inventory can't be asked**, so that an order
/// can be accepted at a price that is honoured later. Each reservation brings its products up to date.
final class CatalogueCache: Sendable {
    private let known: DependencyCache<Product>
    private let inventory: InventoryClient
    private let time: TimeSource
    private let selling = Locked(())
    private let refreshEvery: Duration
    private let timeout: Duration

    /// - Parameter timeout: what a service without any catalogue waits for its first one before it serves.
    init(
        _ known: DependencyCache<Product>, inventory: InventoryClient, refreshEvery: Duration,
        timeout: Duration, time: TimeSource
    ) {
        self.known = known
        self.inventory = inventory
        self.refreshEvery = refreshEvery
        self.timeout = timeout
        self.time = time
    }

    /// All of the items' products; nil if one of them isn't known, or not lately.
    func products(_ items: [ItemQuantity]) -> CachedProducts? {
        var known = CachedProducts()
        for item in items {
            guard let found = product(item.sku) else { return nil }
            known.products[item.sku] = found.value
            known.age = max(known.age, found.age)
        }
        return known
    }

    func product(_ sku: String) -> LastGood<Product>? { known.lookup(sku) }

    /// A live answer: the prices as they are now, and less stock by what was taken.
    func reserved(_ reservation: Reservation) {
        // One reservation after the other, so that none's pieces are forgotten.
        selling.withLock { _ in reservation.items.forEach(take) }
    }

    private func take(_ item: ReservedItem) {
        guard var product = known.lookup(item.sku)?.value else { return }
        product.name = item.name
        product.unitPrice = item.unitPrice
        product.available = max(0, product.available - item.quantity)
        known.store(product)
    }

    /// Loads the stored prices. If there are none, it waits for inventory's, at most for the timeout: without
    /// a price no order can be accepted.
    func prepare() async {
        guard await known.load() == 0 else { return }
        let deadline = Deadline.after(timeout, from: time.now())
        while !deadline.hasPassed(at: time.now()) {
            // Asked whether it is ready first: calls that fail before it listens would open its breaker.
            let isReady = await inventory.isReady(by: .after(.milliseconds(500), from: time.now()))
            if isReady, await known.refresh(until: deadline, page) { return }
            try? await time.sleep(.milliseconds(50))
        }
    }

    @Sendable private func page(after cursor: String?) async -> Page<Product>? {
        try? await inventory.catalogue.call(cursor, for: .queue)
    }
}

extension CatalogueCache: Service {
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in await known.keep(every: refreshEvery, page) }
    }
}

/// Some products from the cache.
struct CachedProducts: Sendable {
    var products: [String: Product] = [:]
    /// Of the oldest.
    var age: Duration = .zero

    var ageSeconds: Int { Int(age.components.seconds) }
    var currency: String? { products.values.first?.currency }
}
