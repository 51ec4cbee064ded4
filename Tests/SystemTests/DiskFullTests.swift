import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@Suite(
    "Order's disk is full", .timeLimit(.minutes(20)), .serialized,
    .enabled(if: SmallDisk.isPermitted, "\(SmallDisk.reason)"))
struct DiskFullTests {
    /// A stack whose order service has its own disk of 32 MiB.
    private func withSmallDisk(reserve: String, _ body: (SystemStack, SmallDisk) async throws -> Void)
        async throws
    {
        let folder = try TemporaryFolder()
        try await SmallDisk.with(at: folder.path + "/order", mebibytes: 32) { disk in
            try await withSystemStack(on: folder, environment: ["STORAGE_RESERVE": reserve]) { stack in
                try await body(stack, disk)
            }
        }
    }

    private func place(
        _ stack: SystemStack, sku: String = "P850102"
    ) async throws -> (status: Int, code: String?, id: String?) {
        let (status, body) = try await stack.place(Customers.order("H", sku: sku))
        let problem = try? JSON.decode(ProblemDocument.self, from: body)
        return (status, problem?.code, (try? JSON.decode(OrderDocument.self, from: body))?.id)
    }

    @Test("below the reserve new orders are refused and the rest goes on; with space orders resume")
    func reserve() async throws {
        try await withSmallDisk(reserve: "8MiB") { stack, disk in
            try await stack.csp("kill", "payment")
            let finished = try #require(try await place(stack).id)
            let paid = Customers.order("H-repeats")
            #expect(try await stack.place(paid, key: "repeated").status == 202)
            let cancelled = try #require(try await place(stack).id)
            // Hundreds are placed before the reserve is checked again: more than the stock of one product.
            var skus = try await Customers(stack).skus.makeIterator()
            try disk.fill(leaving: 6 << 20)
            let begin = ContinuousClock.now
            var refused = try await place(stack)
            while refused.status == 202, let sku = skus.next() { refused = try await place(stack, sku: sku) }
            print("disk full: refused \(begin.duration(to: .now)) after the reserve was reached")
            #expect(refused.status == 503 && refused.code == "storage-full", "\(refused)")

            // A repeated request adds no work.
            #expect(try await stack.place(paid, key: "repeated").status == 202)
            let read: OrderDocument = try await stack.get("order", "/orders/\(finished)")
            #expect(read.status == .accepted)
            #expect(try await stack.post("order", "/orders/\(cancelled)/cancel", [String]()).status == 200)
            try await stack.csp("start", "payment")
            try await stack.csp("status")
            try await stack.csp("audit")
            let ended: OrderDocument = try await stack.get("order", "/orders/\(finished)")
            #expect(ended.status == .confirmed)
            #expect(try await place(stack).code == "storage-full")

            disk.clear()
            let cleared = ContinuousClock.now
            while try await place(stack).status != 201 {}
            print("disk full: ordering again \(cleared.duration(to: .now)) after there was space")
            try await stack.csp("audit")
        }
    }

    /// Without a reserve, so that the disk itself refuses.
    @Test("a disk that fills up under load loses nothing acknowledged; with space orders resume")
    func lastByte() async throws {
        try await withSmallDisk(reserve: "0") { stack, disk in
            let customers = try await Customers(stack)
            try await customers.order(8) {
                try await customers.until { $0.orders.count >= 50 }
                try disk.fill(leaving: 0)
                try await customers.until { $0.refusals["storage-full", default: 0] >= 100 }
                let known = try #require(customers.tally.value.orders.first)
                let read: OrderDocument = try await stack.get("order", "/orders/\(known)")
                #expect(read.id == known)
                disk.clear()
                let placed = customers.tally.value.orders.count
                try await customers.until { $0.orders.count >= placed + 50 }
            }
            print("disk filled under load: \(customers.tally.value.line)")
            try await stack.csp("audit")
            try await customers.check()
        }
    }
}
