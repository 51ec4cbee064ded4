import Contracts
package import Queue
package import Runtime
package import ServiceLifecycle
package import Storage
package import Transport

/// The catalogue, its prices, its stock, and what of the stock is set aside for whom.
package struct InventoryApplication: ServiceApplication {
    package static let name = ServiceName.inventory.rawValue
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    package static let migrations = [
        ProductTable.migration, DurableQueue.migration, ReturnTable.migration, ReservationTable.lists,
        DurableQueue.counts, DurableQueue.traces,
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
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        let reservations = ReservationStore(store: store)
        let catalogue = Catalogue()
        loadCatalogue = LoadCatalogue(
            reservations: reservations, catalogue: catalogue, seedFolder: environment.common.seedFolder,
            logger: environment.logger)
        routes =
            InventoryRoutes(
                reservations: reservations, wall: wall,
                reserve: Reserve(reservations: reservations, catalogue: catalogue, lapse: lapse, wall: wall),
                commit: CommitReservation(reservations: reservations, lapse: lapse, wall: wall),
                release: ReleaseReservation(reservations: reservations, wall: wall),
                takeBack: TakeBack(reservations: reservations)
            ).routes
        background = [
            ExpireReservations(
                reservations: reservations, lapse: lapse, wall: wall, time: environment.time,
                logger: environment.logger)
        ]
    }

    package func prepare() async throws { try await loadCatalogue() }
}
