import Contracts
import TestSupport
import Testing

@testable import OrderService

@Suite("Metrics")
struct MetricHelpTests {
    @Test("each says what it means, and degraded and repaired orders are counted by effect")
    func help() async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        try await withStack(through: ["COUPON_URL": proxy]) { stack in
            func page() async throws -> String {
                String(decoding: try await stack.order.get("/metrics").body, as: UTF8.self)
            }
            func count(_ series: String, in page: String) -> Int {
                page.split(separator: "\n").first { $0.hasPrefix(series + " ") }
                    .flatMap { Int($0.dropFirst(series.count + 1)) } ?? 0
            }
            let (degraded, repaired) = (
                #"csp_degradations_total{effect="coupon-estimated"}"#,
                #"csp_repairs_total{effect="coupon-estimated"}"#
            )
            let before = try await page()
            proxy.treat { _ in .refuse }
            let order: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(order.degradations.map(\.effect) == [.couponEstimated])
            proxy.treat { _ in .pass }
            _ = try await stack.until(order.id) { !$0.degradations.contains { !$0.repaired } }
            let after = try await page()
            // Other tests share the process's metrics.
            #expect(count(degraded, in: after) > count(degraded, in: before))
            #expect(count(repaired, in: after) > count(repaired, in: before))
            let lines = after.split(separator: "\n")
            func names(_ mark: String) -> Set<Substring> {
                Set(
                    lines.filter { $0.hasPrefix("# \(mark) ") }.compactMap {
                        $0.split(separator: " ").dropFirst(2).first
                    })
            }
            #expect(names("TYPE").subtracting(names("HELP")) == [])
            // Of dependencies, not of single policies.
            #expect(!lines.contains { $0.contains("dependency=\"") && $0.contains("@") })
            #expect(count(#"csp_retries_total{dependency="coupon"}"#, in: after) > 0)
        }
    }
}
