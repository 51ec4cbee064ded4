import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@Suite(
    "A disk that is slow or fails", .timeLimit(.minutes(20)), .serialized,
    .enabled(if: BrokenSyncs.isPossible, "\(BrokenSyncs.reason)"))
struct DiskSyncTests {
    @Test("with 100 ms a sync orders are confirmed or accepted", arguments: ["order", "payment"])
    func slow(service: String) async throws {
        try await withSystemStack { stack in
            let customers = try await Customers(stack)
            let syncs = try BrokenSyncs(of: try await stack.pid(service), "delay_enter=100000")
            let begin = ContinuousClock.now
            try await customers.order(8, each: 6)
            print(
                """
                \(service) with 100 ms a sync: \(customers.tally.value.line); \(begin.duration(to: .now)) in \
                all
                """)
            syncs.end()
            #expect(customers.tally.value.orders.count == 48)
            try await stack.csp("audit")
            try await customers.check()
        }
    }

    @Test("after a failed sync nothing is confirmed until the restart, and nothing acknowledged is lost")
    func failingOrder() async throws {
        try await withSystemStack { stack in
            let customers = try await Customers(stack)
            try await customers.order(8) {
                try await customers.until { $0.orders.count >= 20 }
                let syncs = try BrokenSyncs(of: try await stack.pid("order"), "error=EIO")
                let refused = customers.tally.value.refusals["storage-failed", default: 0]
                // Each of them: an answer to what was committed before may come late.
                try await customers.until {
                    $0.refusals["storage-failed", default: 0] >= refused + 50
                        && $0.refused["storage-failed", default: []].count == 8
                }
                // The disk works again, but the store must not trust it.
                syncs.end()
                let placed = customers.tally.value.orders.count
                try await customers.until { $0.refusals["storage-failed", default: 0] >= refused + 200 }
                #expect(customers.tally.value.orders.count == placed)
                try await expectFailed("order", stack)

                try await stack.csp("kill", "order")
                try await stack.csp("start", "order")
                try await customers.until { $0.orders.count >= placed + 20 }
            }
            print("order with failing syncs: \(customers.tally.value.line)")
            try await stack.csp("audit")
            try await customers.check()
        }
    }

    @Test("with failing syncs of payment orders are accepted, and confirmed after its restart")
    func failingPayment() async throws {
        try await withSystemStack { stack in
            let before = try await Customers(stack)
            try await before.order(4, each: 5)
            let syncs = try BrokenSyncs(of: try await stack.pid("payment"), "error=EIO")
            let during = try await Customers(stack)
            try await during.order(4, each: 10)
            syncs.end()
            #expect(during.tally.value.confirmed == 0 && during.tally.value.orders.count == 40)
            try await expectFailed("payment", stack)
            // A regular stop this time: the store is recovered as after a crash.
            try await stack.csp("down")
            try await stack.csp("up", "--detach", "--ports", "\(stack.base)")
            print("payment with failing syncs: \(during.tally.value.line)")
            try await stack.csp("audit")
            try await before.check()
            try await during.check()
        }
    }

    /// The service is alive and unready, and its log says why, once.
    private func expectFailed(_ service: String, _ stack: SystemStack) async throws {
        let request = HTTPClient.Request(
            url: try stack.url(service) + "/readyz", connectTimeout: .seconds(5), timeout: .seconds(5))
        let ready = try await stack.client.send(request)
        let problem = try JSON.decode(ProblemDocument.self, from: Data(ready.body))
        #expect(ready.status == 503 && problem.code == "store-failed")
        let log = try String(contentsOfFile: stack.folder.path + "/logs/\(service).log", encoding: .utf8)
        #expect(log.split(separator: "\n").filter { $0.contains("the disk failed while writing") }.count == 1)
    }
}
