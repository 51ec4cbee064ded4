import Contracts
import Foundation
import Resilience
import TestSupport
import Transport

@testable import InventoryService

typealias Inventory = RunningService<InventoryApplication>

/// A wall clock that only the test moves.
final class WallClock: Sendable {
    private let current = Locked(Timestamp(milliseconds: 1_767_600_000_000))

    var now: Timestamp { current.withLock { $0 } }

    func advance(by duration: Duration) {
        current.withLock { $0 = $0.advanced(by: duration) }
    }
}

let hour = Duration.seconds(3600)

/// Runs inventory on a catalogue with this stock, in which everything costs 100 cents.
func withInventory<Result: Sendable>(
    _ stock: KeyValuePairs<String, Int>, folder: TemporaryFolder? = nil, clock: WallClock? = nil,
    settings: [String: String] = [:], _ body: @Sendable (Inventory) async throws -> Result
) async throws -> Result {
    let lines = stock.map { "\($0.key),Name of \($0.key),GROCERY,100,\($0.value)" }
    return try await withInventory(
        products: (["sku,name,department,price,stock"] + lines).joined(separator: "\n"), folder: folder,
        clock: clock,
        settings: settings, body)
}

/// Runs inventory on the catalogue in a file with this text.
func withInventory<Result: Sendable>(
    products: String, folder: TemporaryFolder? = nil, clock: WallClock? = nil,
    settings: [String: String] = [:],
    _ body: @Sendable (Inventory) async throws -> Result
) async throws -> Result {
    let folder = try folder ?? TemporaryFolder()
    try folder.write(products, to: "seed/products.csv")
    let all = ["SEED_DIR": folder.path + "/seed"].merging(settings) { $1 }
    return try await withService(
        InventoryApplication.self, settings: all, folder: folder, wall: { clock?.now ?? Timestamp.now() },
        body)
}

extension RunningService<InventoryApplication> {
    func reserve(_ orderId: String, _ items: KeyValuePairs<String, Int>) async throws -> TestAnswer {
        try await reserve(orderId, items.map { ItemQuantity(sku: $0.key, quantity: $0.value) })
    }

    func reserve(_ orderId: String, _ items: [ItemQuantity]) async throws -> TestAnswer {
        try await post("/reservations", ReservationRequest(orderId: orderId, items: items))
    }

    func commit(_ orderId: String) async throws -> TestAnswer {
        try await post("/reservations/\(orderId)/commit")
    }

    func release(_ orderId: String) async throws -> TestAnswer {
        try await post("/reservations/\(orderId)/release")
    }

    /// The status of a POST among so many that it may wait long for a connection.
    func crowdedPost(_ path: String, _ value: some Encodable = [String: String]()) async throws -> Int {
        let headers = [
            (name: "Authorization", value: "Bearer \(TestTokens.service)"),
            (name: "Content-Type", value: "application/json"),
        ]
        return try await client.send(
            HTTPClient.Request(
                method: "POST", url: url + path, headers: headers, body: Array(JSON.encode(value)),
                connectTimeout: .seconds(60), timeout: .seconds(60))
        ).status
    }

    func reservation(_ orderId: String) async throws -> Reservation {
        try await get("/reservations/\(orderId)").decode()
    }

    func stock(_ sku: String) async throws -> Stock { try await get("/stock/\(sku)").decode() }

    /// All items of a list, over all its pages.
    func all<Item: Codable & Sendable>(_ path: String, of type: Item.Type, limit: Int) async throws -> [Item]
    {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let query = "?limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? "")
            let page: Page<Item> = try await get(path + query).decode()
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil
        return items
    }
}

/// `on hand / reserved / committed` of a stock, after checking its two invariants.
func figures(_ stock: Stock) -> [Int] {
    let isSound =
        stock.onHand + stock.committed == stock.seeded && (0...stock.onHand).contains(stock.reserved)
        && stock.available == stock.onHand - stock.reserved
    return isSound ? [stock.onHand, stock.reserved, stock.committed] : []
}
