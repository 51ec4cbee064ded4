import Contracts
import Foundation
import TestSupport
import Testing

@testable import InventoryService

/// What inventory should do, without own stock figures: they follow from the orders.
private struct Model {
    struct Order {
        var items: [String: Int]
        var status: ReservationStatus
        var expiresAt: Timestamp
    }

    let seeded: [String: Int]
    let lifetime: Duration
    var now: Timestamp
    var orders: [String: Order] = [:]

    func status(_ order: Order) -> ReservationStatus {
        order.status == .reserved && order.expiresAt <= now ? .expired : order.status
    }

    func sum(_ sku: String, _ counts: (Order) -> Bool) -> Int {
        orders.values.filter(counts).reduce(0) { $0 + $1.items[sku, default: 0] }
    }

    func available(_ sku: String) -> Int {
        seeded[sku, default: 0] - sum(sku) { status($0) == .reserved || status($0) == .committed }
    }

    private func short(_ items: [String: Int]) -> Set<ShortSKU> {
        Set(
            items.filter { available($0.key) < $0.value }.map {
                ShortSKU(sku: $0.key, requested: $0.value, available: available($0.key))
            })
    }

    mutating func reserve(_ id: String, _ items: [String: Int]) -> Outcome {
        let expiresAt = now.advanced(by: lifetime)
        if let order = orders[id] {
            if order.status == .released { return .refused("voided") }
            if order.items != items { return .refused("contents-differ") }
            if order.status == .committed { return .done(.committed) }
            if status(order) == .reserved {
                orders[id]?.expiresAt = expiresAt
                return .done(.reserved)
            }
        }
        let short = short(items)
        if !short.isEmpty { return .refused("out-of-stock", short) }
        orders[id] = Order(items: items, status: .reserved, expiresAt: expiresAt)
        return .done(.reserved)
    }

    mutating func commit(_ id: String) -> Outcome {
        guard let order = orders[id] else { return .refused("not-found") }
        switch status(order) {
        case .released: return .refused("voided")
        case .committed, .reserved: break
        case .expired:
            let short = short(order.items)
            if !short.isEmpty { return .refused("out-of-stock", short) }
        }
        orders[id]?.status = .committed
        return .done(.committed)
    }

    mutating func release(_ id: String) -> Outcome {
        orders[id, default: Order(items: [:], status: .released, expiresAt: now)].status = .released
        return .done(.released)
    }
}

private enum Outcome: Equatable {
    case done(ReservationStatus)
    case refused(String, Set<ShortSKU> = [])

    init(_ answer: TestAnswer) throws {
        if (200...299).contains(answer.status) {
            self = .done(try answer.decode(Reservation.self).status)
        } else {
            self = .refused(answer.problem?.code ?? answer.text, Set(answer.problem?.skus ?? []))
        }
    }
}

private enum Step: CustomStringConvertible {
    case reserve(String, [String: Int])
    case commit(String)
    case release(String)
    case wait(Duration)

    static func random(_ random: inout SeededRandomSource) -> Step {
        let id = "o\(Int.random(in: 0..<25, using: &random))"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55:
            // Mostly the items that this order always has, so that identical requests are frequent.
            var own = SeededRandomSource(seed: UInt64(id.utf8.reduce(0) { $0 &* 31 &+ Int($1) }))
            if Int.random(in: 0..<10, using: &random) == 0 { own = random }
            let skus = ["A", "B", "C", "D"].shuffled(using: &own).prefix(Int.random(in: 1...3, using: &own))
            return .reserve(
                id, Dictionary(uniqueKeysWithValues: skus.map { ($0, Int.random(in: 1...4, using: &own)) }))
        case 55..<75: return .commit(id)
        case 75..<90: return .release(id)
        default: return .wait(.seconds(Int.random(in: 1...6000, using: &random)))
        }
    }

    var description: String {
        switch self {
        case .reserve(let id, let items): "reserve \(id) \(items)"
        case .commit(let id): "commit \(id)"
        case .release(let id): "release \(id)"
        case .wait(let duration): "wait \(duration)"
        }
    }
}

@Suite("Random sequences", .timeLimit(.minutes(10)))
struct RandomSequenceTests {
    @Test(
        "any sequence of reserve, commit, release, expiry and replay ends as the model says",
        arguments: [1, 2, 3, UInt64.random(in: 0...UInt64.max)])
    func sequence(seed: UInt64) async throws {
        let clock = WallClock()
        let seeded: KeyValuePairs = ["A": 12, "B": 9, "C": 20, "D": 5]
        try await withInventory(seeded, clock: clock, settings: ["RESERVATION_TTL": "1h"]) { inventory in
            var random = SeededRandomSource(seed: seed)
            var model = Model(
                seeded: Dictionary(uniqueKeysWithValues: seeded.map { ($0.key, $0.value) }), lifetime: hour,
                now: clock.now)
            var step = Step.random(&random)
            for number in 0..<300 {
                // One step in five repeats the one before.
                if Int.random(in: 0..<5, using: &random) > 0 { step = .random(&random) }
                let shown = Comment(rawValue: "seed \(seed), step \(number): \(step)")
                switch step {
                case .reserve(let id, let items):
                    let lines = items.map { ItemQuantity(sku: $0.key, quantity: $0.value) }
                    #expect(
                        try Outcome(await inventory.reserve(id, lines)) == model.reserve(id, items), shown)
                case .commit(let id):
                    #expect(try Outcome(await inventory.commit(id)) == model.commit(id), shown)
                case .release(let id):
                    #expect(try Outcome(await inventory.release(id)) == model.release(id), shown)
                case .wait(let duration):
                    clock.advance(by: duration)
                    model.now = clock.now
                }
                try await compare(inventory, model, shown)
            }
        }
    }

    /// Expired stock may still be reserved, until an order needs it or the sweep runs.
    private func compare(_ inventory: Inventory, _ model: Model, _ shown: Comment) async throws {
        for stock in try await inventory.all("/stock", of: Stock.self, limit: 10) {
            #expect(!figures(stock).isEmpty, shown)
            #expect(stock.committed == model.sum(stock.sku) { $0.status == .committed }, shown)
            let live = model.sum(stock.sku) { model.status($0) == .reserved }
            let atMost = model.sum(stock.sku) { $0.status == .reserved }
            #expect((live...atMost).contains(stock.reserved), shown)
        }
        let statuses = try await inventory.all("/reservations", of: Reservation.self, limit: 100)
        #expect(
            Dictionary(uniqueKeysWithValues: statuses.map { ($0.orderId, $0.status) })
                == model.orders.mapValues { model.status($0) }, shown)
    }
}
