import Contracts
package import Queue
package import Runtime
package import Storage
package import Transport

/// Captures, refunds, and the double-entry ledger over both.
package struct PaymentApplication: ServiceApplication {
    package static let name = "payment"
    package static let defaultPort = 8082
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    static let migrations = [
        PaymentStore.migration, DurableQueue.migration, PaymentStore.balances, DurableQueue.counts,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]

    package init(configuration: PaymentConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        store = try Store(
            folder: environment.common.dataFolder, name: Self.name,
            migrations: Self.migrations, acceptingLoss: environment.common.acceptsLoss)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        routes =
            PaymentRoutes(
                store: store, capture: Capture(store: store, time: environment.time, wall: wall),
                void: VoidPayment(store: store, wall: wall), refund: RefundPayment(store: store, wall: wall)
            ).routes
    }
}
