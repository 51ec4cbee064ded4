import Contracts
package import Queue
package import Runtime
package import Storage
package import Transport

/// Coupon rules and their redemptions.
package struct CouponApplication: ServiceApplication {
    package static let name = ServiceName.coupon.rawValue
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    package static let migrations = [
        CouponTable.migration, DurableQueue.migration, RedemptionTable.lists, DurableQueue.counts,
        ReconciliationTable.migration, DurableQueue.traces,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    private let coupons: CouponStore
    private let book = CouponBook()
    private let seed: SeedCoupons

    package init(configuration: CouponConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        coupons = CouponStore(store: store)
        seed = SeedCoupons(
            coupons: coupons, folder: environment.common.seedFolder, offlineLimit: configuration.offlineLimit)
        routes =
            CouponRoutes(
                coupons: coupons, book: book, redeem: Redeem(coupons: coupons, book: book, wall: wall),
                release: Release(coupons: coupons, wall: wall),
                reconcile: Reconcile(coupons: coupons, book: book, wall: wall)
            ).routes
    }

    package func prepare() async throws {
        try await seed()
        book.fill(try await coupons.coupons())
    }
}
