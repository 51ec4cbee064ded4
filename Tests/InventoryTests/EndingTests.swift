import Contracts
import Foundation
import TestSupport
import Testing

@testable import InventoryService

@Suite("Commit and release", .timeLimit(.minutes(10)))
struct EndingTests {
    @Test("a repeated commit hands the stock out once")
    func commit() async throws {
        try await withInventory(["A": 5]) { inventory in
            let reserved: Reservation = try await inventory.reserve("o1", ["A": 2]).decode()
            for _ in 0..<3 {
                let answer = try await inventory.commit("o1")
                #expect(answer.status == 200)
                let committed: Reservation = try answer.decode()
                #expect(committed.status == .committed)
                #expect(committed.items == reserved.items)
                #expect(figures(try await inventory.stock("A")) == [3, 0, 2])
            }
        }
    }

    @Test("a committed reservation that is reserved again stays committed")
    func reserveCommitted() async throws {
        try await withInventory(["A": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 2])
            _ = try await inventory.commit("o1")
            let answer = try await inventory.reserve("o1", ["A": 2])
            #expect(answer.status == 201)
            #expect(try answer.decode(Reservation.self).status == .committed)
            #expect(try await inventory.reserve("o1", ["A": 3]).problem?.code == "contents-differ")
            #expect(figures(try await inventory.stock("A")) == [3, 0, 2])
        }
    }

    @Test("a release frees what is reserved and puts back what is committed", arguments: [false, true])
    func release(afterCommit: Bool) async throws {
        try await withInventory(["A": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 2])
            if afterCommit { _ = try await inventory.commit("o1") }
            for _ in 0..<3 {
                let answer = try await inventory.release("o1")
                #expect(answer.status == 200)
                #expect(try answer.decode(Reservation.self).status == .released)
                #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
            }
        }
    }

    @Test("every request after a release is refused as voided")
    func late() async throws {
        try await withInventory(["A": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 2])
            _ = try await inventory.release("o1")
            for answer in [
                try await inventory.reserve("o1", ["A": 2]), try await inventory.reserve("o1", ["A": 1]),
                try await inventory.reserve("o1", ["X": 1]), try await inventory.commit("o1"),
            ] {
                #expect(answer.status == 409)
                #expect(answer.problem?.code == "voided")
            }
            #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
        }
    }

    @Test("a release that overtakes its reservation leaves a tombstone")
    func tombstone() async throws {
        try await withInventory(["A": 5]) { inventory in
            let answer = try await inventory.release("o1")
            #expect(answer.status == 200)
            let tombstone: Reservation = try answer.decode()
            #expect(tombstone.status == .released && tombstone.items.isEmpty)
            let late = try await inventory.reserve("o1", ["A": 2])
            #expect(late.status == 409)
            #expect(late.problem?.code == "voided")
            #expect(try await inventory.commit("o1").problem?.code == "voided")
            #expect(try await inventory.reservation("o1") == tombstone)
            #expect(figures(try await inventory.stock("A")) == [5, 0, 0])
        }
    }

    @Test("a commit for an order that was never reserved is 404 and leaves nothing")
    func commitUnknown() async throws {
        try await withInventory(["A": 5]) { inventory in
            let answer = try await inventory.commit("o1")
            #expect(answer.status == 404)
            #expect(answer.problem?.code == "not-found")
            #expect(try await inventory.reserve("o1", ["A": 2]).status == 201)
        }
    }

    @Test("a commit and a release at once end released, with the stock back")
    func race() async throws {
        try await withInventory(["A": 100]) { inventory in
            for order in 0..<20 {
                _ = try await inventory.reserve("o\(order)", ["A": 5])
                async let commit = inventory.commit("o\(order)").status
                async let release = inventory.release("o\(order)").status
                #expect(try await release == 200)
                #expect([200, 409].contains(try await commit))
                #expect(try await inventory.reservation("o\(order)").status == .released)
            }
            #expect(figures(try await inventory.stock("A")) == [100, 0, 0])
        }
    }

    @Test("a restart keeps stock, reservations and tombstones, and doesn't seed again")
    func restart() async throws {
        let folder = try TemporaryFolder()
        try await withInventory(["A": 9], folder: folder) { inventory in
            _ = try await inventory.reserve("reserved", ["A": 1])
            _ = try await inventory.reserve("committed", ["A": 2])
            _ = try await inventory.commit("committed")
            _ = try await inventory.release("never-seen")
        }
        try await withInventory(["A": 1000, "B": 1], folder: folder) { inventory throws in
            #expect(figures(try await inventory.stock("A")) == [7, 1, 2])
            #expect(try await inventory.get("/stock/B").status == 404)
            #expect(try await inventory.reserve("reserved", ["A": 1]).status == 201)
            #expect(try await inventory.commit("reserved").status == 200)
            #expect(try await inventory.commit("committed").status == 200)
            #expect(try await inventory.reserve("never-seen", ["A": 1]).problem?.code == "voided")
            #expect(figures(try await inventory.stock("A")) == [6, 0, 3])
        }
    }
}
