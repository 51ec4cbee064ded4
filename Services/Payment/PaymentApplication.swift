import Contracts
package import Queue
package import Runtime
package import Storage
package import Transport

/// Captures, refunds, and the double-entry ledger over both.
package struct PaymentApplication: ServiceApplication {
    package static let name = ServiceName.payment.rawValue
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    package static let migrations = [
        PaymentTable.migration, DurableQueue.migration, LedgerTable.migration, DurableQueue.counts,
        DurableQueue.traces,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]

    package init(configuration: PaymentConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        let payments = PaymentStore(store: store)
        routes =
            PaymentRoutes(
                payments: payments, capture: Capture(payments: payments, time: environment.time, wall: wall),
                void: VoidPayment(payments: payments, wall: wall),
                refund: RefundPayment(payments: payments, wall: wall)
            ).routes
    }
}
