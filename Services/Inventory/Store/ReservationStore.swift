import Contracts
import GRDB
import Mutants
import Storage

/// Catalogue, stock and reservations on disk, in this service's verbs: each is one transaction.
struct ReservationStore: Sendable {
    let store: Store

    /// Reads an order's reservation, decides what becomes of it, and moves its stock: nothing comes in
    /// between.
    func change(
        _ orderId: String, as name: String,
        _ decide: @escaping @Sendable (Reservation?) throws -> ReservationChange
    ) async throws -> Reservation {
        try await store.write(name) { database in
            let existing = try ReservationTable.reservation(database, orderId: orderId)
            return try Self.write(database, try decide(existing), over: existing)
        }
    }

    func takeBack(
        _ goods: [ItemQuantity], orderId: String, id: String,
        _ decide: @escaping @Sendable (Reservation) throws -> ReservationChange
    ) async throws -> Reservation {
        let id = Mutant.isOn(.inventoryTakesBackTwice) ? Identifier.make("ret_", at: .now()) : id
        return try await store.write("return") { database in
            guard let existing = try ReservationTable.reservation(database, orderId: orderId) else {
                throw InventoryError.noReservation(orderId: orderId)
            }
            if let known = try ReturnTable.takenBack(database, id: id) {
                guard known.orderId == orderId, Set(known.items) == Set(goods) else {
                    throw InventoryError.otherContents("Return \(id) was made with other goods.")
                }
                return existing
            }
            let left = try Self.write(database, try decide(existing), over: existing)
            try ReturnTable.insert(database, returned: goods, id: id, orderId: orderId)
            return left
        }
    }

    private static func write(
        _ database: Database, _ change: ReservationChange, over existing: Reservation?
    ) throws -> Reservation {
        let reservation = change.reservation
        if Mutant.isOn(.inventoryForgetsReleases), existing == nil, reservation.status == .released {
            return reservation
        }
        switch change {
        case .none: return reservation
        case .write: break
        case .move(_, let movement, let items, let due):
            try StockTable.move(database, movement, items, expiring: due)
        }
        // Most changes leave the items, which are most of the row.
        if existing?.items == reservation.items {
            try ReservationTable.update(database, reservation)
        } else {
            try ReservationTable.save(database, reservation)
        }
        return reservation
    }

    func expire(_ due: Lapse.Due, limit: Int) async throws {
        try await store.write("expiry") { try ReservationTable.expire($0, due, limit: limit) }
    }

    func nextExpiry(_ due: Lapse.Due) async throws -> Timestamp? {
        try await store.read { try ReservationTable.nextExpiry($0, due) }
    }

    func reservation(_ orderId: String) async throws -> Reservation? {
        try await store.read { try ReservationTable.reservation($0, orderId: orderId) }
    }

    func reservations(_ status: ReservationStatus?, at now: Timestamp) -> KeysetList {
        ReservationTable.list(store, status, at: now)
    }

    func catalogue() async throws -> [Catalogue.Entry] { try await store.read(ProductTable.catalogue) }

    func insert(_ seeds: [LoadCatalogue.Seed]) async throws {
        try await store.write("seeds") { database in
            for seed in seeds { try ProductTable.insert(database, seed.entry, stock: seed.stock) }
        }
    }

    func product(_ sku: String) async throws -> Product? {
        try await store.read { try ProductTable.product($0, sku: sku) }
    }

    func stock(_ sku: String) async throws -> Stock? {
        try await store.read { try StockTable.stock($0, sku: sku) }
    }

    func products() -> KeysetList { ProductTable.list(store) }
    func stocks() -> KeysetList { StockTable.list(store) }
}
