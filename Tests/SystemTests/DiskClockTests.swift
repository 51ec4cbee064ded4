import Contracts
import Foundation
import TestSupport
import Testing

@Suite(
    "The wall clock is set", .timeLimit(.minutes(20)), .serialized,
    .enabled(if: JumpingClock.isPossible, "\(JumpingClock.reason)"))
struct DiskClockTests {
    @Test("an hour forth and back while orders wait for payment: no lease is stuck or lost")
    func jumps() async throws {
        let clock = try JumpingClock()
        try await withSystemStack { stack in
            try await clock.rule("order", of: stack)
            let customers = try await Customers(stack)
            try await customers.order(4) {
                for offset in ["+1h", "-1h", "+0"] {
                    let healthy = customers.tally.value
                    try await customers.until { $0.confirmed >= healthy.confirmed + 20 }
                    try await stack.csp("kill", "payment")
                    let broken = customers.tally.value
                    try await customers.until { $0.orders.count >= broken.orders.count + 20 }
                    // Their messages are leased or delayed now.
                    try clock.set(offset)
                    let expected = Double(offset.filter { $0 != "h" }).map { $0 * 3600 } ?? 0
                    while abs(try await time(of: stack, customers).timeIntervalSinceNow - expected) > 60 {}
                    let jumped = customers.tally.value
                    try await customers.until { $0.orders.count >= jumped.orders.count + 20 }
                    try await stack.csp("start", "payment")
                }
            }
            let begin = ContinuousClock.now
            try await stack.csp("audit", "--wait", "300")
            print(
                "clock set three times: \(customers.tally.value.line); drained in \(begin.duration(to: .now))"
            )
            try await customers.check()
            let log = try String(contentsOfFile: stack.folder.path + "/logs/order.log", encoding: .utf8)
            #expect(!log.contains("lease was lost"))
        }
    }

    /// The time by order's clock.
    private func time(of stack: SystemStack, _ customers: Customers) async throws -> Date {
        let (_, body) = try await stack.place(
            Customers.order("H-clock", sku: try #require(customers.skus.randomElement())))
        let order = try JSON.decode(OrderDocument.self, from: body)
        return Date(timeIntervalSince1970: Double(order.createdAt.milliseconds) / 1000)
    }
}
