import Contracts
package import Queue
package import Runtime
package import ServiceLifecycle
package import Storage
package import Transport

/// The catalogue, its prices, its stock, and what of the stock is set aside for whom.
package struct InventoryApplication: ServiceApplication {
    package static let name = "inventory"
    package static let defaultPort = 8084
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    static let migrations = [
        InventoryStore.migration, DurableQueue.migration, InventoryStore.returns, InventoryStore.lists, DurableQueue.counts,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    package let background: [any Service]
    private let loadCatalogue: LoadCatalogue

    package init(configuration: InventoryConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        let lapse = Lapse(
            lifetime: configuration.reservationLifetime, grace: configuration.reservationGrace, start: wall(),
            unreadable: UnreadableRows(table: "reservations", logger: environment.logger))
        store = try Store(
            folder: environment.common.dataFolder, name: Self.name,
            migrations: Self.migrations, acceptingLoss: environment.common.acceptsLoss)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        let catalogue = Catalogue()
        loadCatalogue = LoadCatalogue(
            store: store, catalogue: catalogue, seedFolder: environment.common.seedFolder, logger: environment.logger)
        routes =
            InventoryRoutes(
                store: store, wall: wall,
                reserve: Reserve(store: store, catalogue: catalogue, lapse: lapse, wall: wall),
                commit: CommitReservation(store: store, lapse: lapse, wall: wall),
                release: ReleaseReservation(store: store, wall: wall),
                takeBack: TakeBack(store: store)
            ).routes
        background = [
            ExpireReservations(
                store: store, lapse: lapse, wall: wall, time: environment.time, logger: environment.logger)
        ]
    }

    package func prepare() async throws { try await loadCatalogue() }
}
