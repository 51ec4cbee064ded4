import Contracts
import Foundation
import TestSupport
import Testing

/// Clients that open connections without using them, against an order service with 1,024 descriptors.
@Suite("A flood of connections", .timeLimit(.minutes(20)), .serialized)
struct ConnectionFloodTests {
    @Test(
        "2,000 idle and 1,000 slow connections: every order beside them is served, and order stays ready",
        .timeLimit(.minutes(20)), .enabled(if: canOpen(4500)))
    func flood() async throws {
        // Every order has to be served, at any speed.
        let generousTimeouts = SystemStack.generousTimeouts()
        try await withSystemStack(environment: generousTimeouts) { stack in
            try await stack.csp("kill", "order")
            let csp = Executables.folder.appending(path: "csp").path
            let start = try ChildProcess(
                "/bin/sh", ["-c", "ulimit -n 1024; exec \(csp) start order --data \(stack.folder.path)"],
                environment: generousTimeouts.merging(["SHED_MINIMUM": "1000", "SHED_MAX_QUEUE_TIME": "1m"]) {
                    $1
                })
            #expect(await start.end() == 0)
            let port = try stack.port("order")
            let pid = try await stack.pid("order")

            let served = Watched(0)
            let flood = Task.detached { () -> [RawConnection] in
                var opened: [RawConnection] = []
                for number in 0..<3000 {
                    // Opened at the pace of the orders, so that each order meets the flood.
                    await served.until { $0 * 10 >= number }
                    guard let connection = try? RawConnection(port: port) else { continue }
                    opened.append(connection)
                    if number % 3 == 0 {
                        connection.send("POST /orders HTTP/1.1\r\nhost: test\r\ncontent-length: 200\r\n\r\n")
                    }
                    // One more byte on a slow connection.
                    if number >= 300 { opened[(number / 3 * 7) % (opened.count / 3) * 3].send("{") }
                }
                return opened
            }
            var refused: [Int] = []
            let request = OrderRequest(
                customerId: "FLOOD", items: [ItemQuantity(sku: "P1082185", quantity: 1)],
                payment: PaymentMeans(token: "tok_ok")
            )
            for _ in 0..<300 {
                let answer = try await stack.place(request)
                if answer.status != 201 { refused.append(answer.status) }
                served.update { $0 += 1 }
            }
            let connections = await flood.value
            #expect(connections.count == 3000)
            #expect(refused.isEmpty, "of 300 orders: \(refused)")
            struct Ready: Decodable { var status: String }
            let ready: Ready = try await stack.get("order", "/readyz")
            #expect(ready.status == "ready")
            #expect(try Self.descriptors(of: pid) < 1024 - 64)
            for connection in connections { connection.close() }
            #expect(try await stack.place(request).status == 201)
        }
    }

    private static func descriptors(of pid: Int32) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    }
}

/// Raises this process's limit, if that is permitted.
private func canOpen(_ count: UInt) -> Bool {
    var limits = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limits) == 0, limits.rlim_max >= count else { return false }
    limits.rlim_cur = max(limits.rlim_cur, count)
    return setrlimit(resource, &limits) == 0
}
