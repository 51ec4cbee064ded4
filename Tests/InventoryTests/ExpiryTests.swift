import Contracts
import Foundation
import GRDB
import Logging
import Runtime
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import InventoryService

@Suite("Expiry", .timeLimit(.minutes(10)))
struct ExpiryTests {
    @Test("a reservation counts as expired from its instant on, and not before")
    func moment() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5], clock: clock, settings: ["RESERVATION_TTL": "2h"]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 2])
            clock.advance(by: hour * 2 - .milliseconds(1))
            #expect(try await inventory.reservation("o1").status == .reserved)
            clock.advance(by: .milliseconds(1))
            #expect(try await inventory.reservation("o1").status == .expired)
            let expired: Page<Reservation> = try await inventory.get("/reservations?status=expired").decode()
            #expect(expired.items.map(\.orderId) == ["o1"])
            #expect(expired.items.map(\.status) == [.expired])
            let reserved: Page<Reservation> = try await inventory.get("/reservations?status=reserved")
                .decode()
            #expect(reserved.items.isEmpty)
        }
    }

    @Test("expired stock is sold to the next order, and the first order then finds too little")
    func reuse() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5], clock: clock) { inventory in
            _ = try await inventory.reserve("o1", ["A": 4])
            #expect(try await inventory.reserve("o2", ["A": 4]).status == 409)
            clock.advance(by: hour * 48)
            #expect(try await inventory.reserve("o2", ["A": 4]).status == 201)
            #expect(figures(try await inventory.stock("A")) == [5, 4, 0])
            for answer in [try await inventory.commit("o1"), try await inventory.reserve("o1", ["A": 4])] {
                #expect(answer.status == 409)
                #expect(answer.problem?.skus == [ShortSKU(sku: "A", requested: 4, available: 1)])
            }
            #expect(try await inventory.commit("o2").status == 200)
            #expect(try await inventory.reservation("o1").status == .expired)
            #expect(figures(try await inventory.stock("A")) == [1, 0, 4])
        }
    }

    @Test("stock that expired while inventory was down stays reserved until delayed commits arrive")
    func away() async throws {
        let (clock, folder) = (WallClock(), try TemporaryFolder())
        try await withInventory(["A": 5], folder: folder, clock: clock) { inventory in
            _ = try await inventory.reserve("sold", ["A": 3])
            _ = try await inventory.reserve("left", ["A": 2])
        }
        clock.advance(by: hour * 49)
        let settings = ["RESERVATION_GRACE": "30s"]
        try await withInventory(["A": 5], folder: folder, clock: clock, settings: settings) { inventory in
            let early = try await inventory.reserve("late", ["A": 1])
            #expect(early.problem?.code == "out-of-stock")
            clock.advance(by: .seconds(29))
            #expect(try await inventory.reserve("late", ["A": 1]).problem?.code == "out-of-stock")
            #expect(try await inventory.commit("sold").status == 200)
            clock.advance(by: .seconds(1))
            #expect(try await inventory.reserve("late", ["A": 1]).status == 201)
            #expect(figures(try await inventory.stock("A")) == [2, 1, 3])
        }
    }

    @Test("an expired reservation is renewed, for the same items only")
    func anew() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5], clock: clock) { inventory in
            _ = try await inventory.reserve("o1", ["A": 4])
            clock.advance(by: hour * 50)
            #expect(try await inventory.reserve("o1", ["A": 3]).problem?.code == "contents-differ")
            let again: Reservation = try await inventory.reserve("o1", ["A": 4]).decode()
            #expect(again.status == .reserved)
            #expect(again.expiresAt == clock.now.advanced(by: hour * 48))
            #expect(figures(try await inventory.stock("A")) == [5, 4, 0])
        }
    }

    @Test("a commit after the expiry takes the stock again if there is enough", arguments: [false, true])
    func commit(afterItWasFreed: Bool) async throws {
        let clock = WallClock()
        try await withInventory(["A": 5], clock: clock) { inventory in
            _ = try await inventory.reserve("o1", ["A": 4])
            clock.advance(by: hour * 48)
            if afterItWasFreed {
                // Needs o1's stock, so o1 is expired first.
                #expect(try await inventory.reserve("o2", ["A": 5]).status == 201)
                #expect(try await inventory.release("o2").status == 200)
            }
            #expect(try await inventory.commit("o1").status == 200)
            #expect(figures(try await inventory.stock("A")) == [1, 0, 4])
        }
    }

    @Test("a release after the expiry frees nothing twice")
    func release() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5], clock: clock) { inventory in
            _ = try await inventory.reserve("o1", ["A": 4])
            clock.advance(by: hour * 48)
            _ = try await inventory.reserve("o2", ["A": 5])
            #expect(try await inventory.release("o1").status == 200)
            #expect(figures(try await inventory.stock("A")) == [5, 5, 0])
        }
    }

    @Test(
        "an unreadable reservation keeps its stock, and doesn't keep others from expiring",
        arguments: [1, 250])
    func unreadable(count: Int) async throws {
        let (clock, folder) = (WallClock(), try TemporaryFolder())
        let settings = ["RESERVATION_GRACE": "0s"]
        try await withInventory(["A": 1000], folder: folder, clock: clock, settings: settings) { inventory in
            // The oldest, so that a sweep reaches them first.
            for order in 0..<count {
                #expect(try await inventory.reserve("bad\(order)", ["A": 1]).status == 201)
            }
            clock.advance(by: .seconds(1))
            #expect(try await inventory.reserve("good", ["A": 2]).status == 201)
            try await inventory.application.store.write {
                try $0.execute(sql: "UPDATE reservations SET items = x'7b' WHERE order_id LIKE 'bad%'")
            }
            clock.advance(by: hour * 48)
            // The rest of the stock, and that of expired reservations.
            #expect(try await inventory.reserve("next", ["A": 1000 - count]).status == 201)
            #expect(try await inventory.reservation("good").status == .expired)
            #expect(figures(try await inventory.stock("A")) == [1000, 1000, 0])
        }
        // A start sweeps at once.
        clock.advance(by: hour * 49)
        try await withInventory(["A": 1000], folder: folder, clock: clock, settings: settings) { inventory in
            while try await inventory.stock("A").reserved > count { await Task.yield() }
            #expect(
                try await inventory.get("/metrics").text.contains(
                    #"csp_unreadable_rows_total{table="reservations"}"#))
        }
    }

    @Test("the sweep frees due reservations in batches, and sleeps until the next expiry")
    func sweep() async throws {
        let folder = try TemporaryFolder()
        let store = try Store(folder: folder.path, name: "inventory", migrations: [ProductTable.migration])
        defer { store.close() }
        let (clock, time) = (WallClock(), ManualTime())
        let catalogue = Catalogue()
        let entry = Catalogue.Entry(sku: "A", name: "a", department: "d", unitPrice: 1)
        catalogue.load([entry])
        let reservations = ReservationStore(store: store)
        try await reservations.insert([LoadCatalogue.Seed(entry: entry, stock: 1000)])
        let unreadable = UnreadableRows(table: "reservations", logger: Logger(label: "test"))
        let lapse = Lapse(lifetime: .seconds(40), grace: .zero, start: clock.now, unreadable: unreadable)
        let reserve = Reserve(
            reservations: reservations, catalogue: catalogue, lapse: lapse, wall: { clock.now })
        for order in 0..<250 {
            _ = try await reserve(
                ReservationRequest(orderId: "o\(order)", items: [ItemQuantity(sku: "A", quantity: 1)]))
        }
        @Sendable func reserved() async throws -> Int? {
            try await reservations.stock("A")?.reserved
        }

        let sweep = ExpireReservations(
            reservations: reservations, lapse: lapse, wall: { clock.now }, time: time.source,
            logger: Logger(label: "test"))
        let group = ServiceGroup(services: [sweep], logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await time.sleepers(1)
            #expect(try await reserved() == 250)
            for (seconds, left) in [(39, 250), (1, 0), (40, 0)] {
                clock.advance(by: .seconds(seconds))
                time.advance(by: .seconds(seconds))
                await time.sleepers(1)
                #expect(try await reserved() == left)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
