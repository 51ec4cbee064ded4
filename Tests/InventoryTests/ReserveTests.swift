import Contracts
import Foundation
import TestSupport
import Testing

@testable import InventoryService

@Suite("Reserve", .timeLimit(.minutes(10)))
struct ReserveTests {
    @Test("a reservation reserves stock and returns names, prices, currency and its expiry")
    func reserve() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5, "B": 7], clock: clock) { inventory in
            let answer = try await inventory.reserve("o1", ["A": 2, "B": 3])
            #expect(answer.status == 201)
            let reservation: Reservation = try answer.decode()
            #expect(
                reservation
                    == Reservation(
                        orderId: "o1",
                        items: [
                            ReservedItem(sku: "A", name: "Name of A", quantity: 2, unitPrice: 100),
                            ReservedItem(sku: "B", name: "Name of B", quantity: 3, unitPrice: 100),
                        ], status: .reserved, currency: "USD", expiresAt: clock.now.advanced(by: hour * 48)))
            #expect(try await inventory.reservation("o1") == reservation)
            #expect(figures(try await inventory.stock("A")) == [5, 2, 0])
            #expect(figures(try await inventory.stock("B")) == [7, 3, 0])
        }
    }

    @Test("lines of one SKU are merged, also beyond what one line may ask for")
    func merge() async throws {
        try await withInventory(["A": 3000, "B": 1]) { inventory in
            let answer = try await inventory.reserve("o1", ["A": 1000, "B": 1, "A": 1000])
            #expect(answer.status == 201)
            #expect(try answer.decode(Reservation.self).items.map(\.quantity) == [2000, 1])
            #expect(figures(try await inventory.stock("A")) == [3000, 2000, 0])
        }
    }

    @Test("an order that can't be reserved in full reserves nothing, and is told every short SKU")
    func outOfStock() async throws {
        try await withInventory(["A": 5, "B": 1, "C": 0]) { inventory in
            let answer = try await inventory.reserve("o1", ["A": 2, "B": 2, "C": 3])
            #expect(answer.status == 409)
            #expect(answer.problem?.code == "out-of-stock")
            #expect(
                answer.problem?.skus == [
                    ShortSKU(sku: "B", requested: 2, available: 1),
                    ShortSKU(sku: "C", requested: 3, available: 0),
                ])
            #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
            #expect(try await inventory.get("/reservations/o1").status == 404)
            #expect(
                try await inventory.reserve("o1", ["A": 2]).status == 201,
                "a refusal keeps nothing of the order")
        }
    }

    @Test("all SKUs outside the catalogue are named")
    func unknown() async throws {
        try await withInventory(["A": 5]) { inventory in
            let answer = try await inventory.reserve("o1", ["X": 1, "A": 2, "Y": 3])
            #expect(answer.status == 422)
            #expect(answer.problem?.code == "unknown-sku")
            #expect(answer.problem?.skus?.map(\.sku) == ["X", "Y"])
            #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
        }
    }

    @Test("reserving again renews the same reservation, however its lines are arranged")
    func renew() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5, "B": 5], clock: clock) { inventory in
            let first: Reservation = try await inventory.reserve("o1", ["A": 3, "B": 1]).decode()
            clock.advance(by: hour)
            let answer = try await inventory.reserve("o1", ["B": 1, "A": 1, "A": 2])
            #expect(answer.status == 201)
            let second: Reservation = try answer.decode()
            #expect(second.expiresAt == first.expiresAt.advanced(by: hour))
            #expect(second.items == first.items)
            #expect(try await inventory.reservation("o1").expiresAt == second.expiresAt)
            #expect(figures(try await inventory.stock("A")) == [5, 3, 0])
        }
    }

    @Test(
        "the same order with other items is refused and changes nothing",
        arguments: [["A": 2], ["A": 1, "B": 1], ["B": 1]])
    func differ(_ items: [String: Int]) async throws {
        try await withInventory(["A": 5, "B": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 1])
            let answer = try await inventory.reserve(
                "o1", items.map { ItemQuantity(sku: $0.key, quantity: $0.value) })
            #expect(answer.status == 422)
            #expect(answer.problem?.code == "contents-differ")
            #expect(figures(try await inventory.stock("A")) == [5, 1, 0])
            #expect(figures(try await inventory.stock("B")) == [5, 0, 0])
        }
    }

    @Test("one order sent a hundred times at once reserves once")
    func replays() async throws {
        try await withInventory(["A": 5]) { inventory in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await inventory.reserve("o1", ["A": 4]).status } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(statuses == [201])
            #expect(figures(try await inventory.stock("A")) == [5, 4, 0])
        }
    }

    @Test("of 500 buyers at once of a SKU with 10 in stock, exactly 10 get it")
    func oversell() async throws {
        try await withInventory(["A": 10, "B": 1000]) { inventory in
            let outcomes = try await withThrowingTaskGroup(of: [Int].self) { group in
                for buyer in 0..<500 {
                    group.addTask {
                        let items = ["B", "A"].map { ItemQuantity(sku: $0, quantity: 1) }
                        let request = ReservationRequest(orderId: "o\(buyer)", items: items)
                        let reserved = try await inventory.crowdedPost("/reservations", request)
                        guard reserved == 201 else { return [reserved] }
                        return [reserved, try await inventory.crowdedPost("/reservations/o\(buyer)/commit")]
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes == [[201, 200]: 10, [409]: 490])
            #expect(figures(try await inventory.stock("A")) == [0, 0, 10])
            #expect(figures(try await inventory.stock("B")) == [990, 0, 10])
        }
    }
}
