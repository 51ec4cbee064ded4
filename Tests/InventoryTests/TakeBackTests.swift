import Contracts
import TestSupport
import Testing

@Suite("Returns", .timeLimit(.minutes(10)))
struct TakeBackTests {
    private func takeBack(
        _ inventory: Inventory, _ orderId: String, _ id: String, _ sku: String, _ quantity: Int
    ) async throws
        -> TestAnswer
    {
        let items = [ItemQuantity(sku: sku, quantity: quantity)]
        return try await inventory.post(
            "/reservations/\(orderId)/returns", ReturnRequest(id: id, items: items))
    }

    @Test("returned goods are on hand again, once an id", arguments: [true, false])
    func committed(isCommitted: Bool) async throws {
        try await withInventory(["A": 5, "B": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 3, "B": 1])
            if isCommitted { _ = try await inventory.commit("o1") }
            for _ in 0..<2 {
                let answer = try await takeBack(inventory, "o1", "r1", "A", 2)
                let reservation: Reservation = try answer.decode()
                #expect(answer.status == 200 && reservation.items.map(\.quantity) == [1, 1])
            }
            #expect(figures(try await inventory.stock("A")) == (isCommitted ? [4, 0, 1] : [5, 1, 0]))
            _ = try await takeBack(inventory, "o1", "r2", "A", 1)
            _ = try await takeBack(inventory, "o1", "r3", "B", 1)
            #expect(try await inventory.commit("o1").status == 200)
            for sku in ["A", "B"] { #expect(figures(try await inventory.stock(sku)) == [5, 0, 0]) }
        }
    }

    @Test("an expired reservation is committed without the goods that were returned from it")
    func expired() async throws {
        let clock = WallClock()
        try await withInventory(["A": 5, "B": 5], clock: clock) { inventory in
            _ = try await inventory.reserve("o1", ["A": 3, "B": 1])
            clock.advance(by: hour * 48)
            _ = try await inventory.reserve("o2", ["A": 5])
            #expect(try await inventory.commit("o1").problem?.code == "out-of-stock")
            #expect(try await takeBack(inventory, "o1", "r1", "A", 3).status == 200)
            #expect(try await inventory.commit("o1").status == 200)
            #expect(figures(try await inventory.stock("A")) == [5, 5, 0])
            #expect(figures(try await inventory.stock("B")) == [4, 0, 1])
        }
    }

    @Test("too many goods, other goods under the same id, a released and an unknown order are refused")
    func refused() async throws {
        try await withInventory(["A": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 3])
            #expect(
                try await takeBack(inventory, "o1", "r1", "A", 4).problem?.code
                    == "return-exceeds-reservation")
            #expect(
                try await takeBack(inventory, "o1", "r1", "B", 1).problem?.code
                    == "return-exceeds-reservation")
            #expect(try await takeBack(inventory, "o1", "r1", "A", 1).status == 200)
            #expect(try await takeBack(inventory, "o1", "r1", "A", 2).problem?.code == "contents-differ")
            #expect(try await takeBack(inventory, "o2", "r2", "A", 1).status == 404)
            _ = try await inventory.release("o1")
            #expect(try await takeBack(inventory, "o1", "r3", "A", 1).problem?.code == "voided")
            #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
            let alone = try await inventory.post("/reservations/o1/returns", [String: String](), token: nil)
            #expect(alone.status == 401)
        }
    }
}
