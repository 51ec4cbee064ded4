import Contracts
package import Queue
package import Runtime
package import Storage
package import Transport

/// Coupon rules and their redemptions.
package struct CouponApplication: ServiceApplication {
    package static let name = "coupon"
    package static let defaultPort = 8083
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    static let migrations = [
        CouponStore.migration, DurableQueue.migration, CouponStore.lists, DurableQueue.counts, CouponStore.reconciliation,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    private let book = CouponBook()
    private let seed: SeedCoupons

    package init(configuration: CouponConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        store = try Store(
            folder: environment.common.dataFolder, name: Self.name,
            migrations: Self.migrations, acceptingLoss: environment.common.acceptsLoss)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        seed = SeedCoupons(
            store: store, folder: environment.common.seedFolder, offlineLimit: configuration.offlineLimit)
        routes =
            CouponRoutes(
                store: store, book: book, redeem: Redeem(store: store, book: book, wall: wall),
                release: Release(store: store, wall: wall), reconcile: Reconcile(store: store, book: book, wall: wall)
            ).routes
    }

    package func prepare() async throws {
        try await seed()
        book.fill(try await store.read { try CouponStore.coupons($0) })
    }
}
