import Contracts

@testable import CommandLine
@testable import StackView

extension Dashboard {
    /// Coupon was killed half a minute ago, notification is frozen, and order sheds.
    static var sample: Dashboard {
        let at = Timestamp(milliseconds: 1_767_614_584_000)
        func service(_ name: ServiceName, _ state: Condition) -> Service {
            Service(
                name: name, url: "http://127.0.0.1:8081", pid: 4_194_304, state: state, ageSeconds: 0,
                upSeconds: 754,
                requestsPerSecond: 101, latency: Latency(p50Milliseconds: 1.8, p99Milliseconds: 24.4),
                queued: 0,
                oldestSeconds: 0, deadLetters: 0)
        }
        var order = service(.order, .degraded)
        order.queued = 139
        order.oldestSeconds = 27.4
        order.shedding = Shedding(
            limit: 40, inFlight: 38, waiting: 3,
            shedPerSecond: ["sheddable": 120.4, "sheddable-plus": 0.4, "critical": 0, "critical-plus": 0],
            rateLimitedPerSecond: 0)
        let notification = Service(
            name: .notification, url: "http://127.0.0.1:8085", pid: 4_194_304, state: .frozen,
            ageSeconds: 12.3)
        return Dashboard(
            at: at,
            orders: Orders(
                answeredPerSecond: 50.3, unservedPerSecond: 0.04,
                perSecond: ["confirmed": 48.1, "accepted": 2.2, "rejected": 0, "cancelled": 0, "placing": 0],
                latency: Latency(p50Milliseconds: 8.6, p99Milliseconds: 1250)),
            services: [
                order, service(.payment, .ready),
                Service(name: .coupon, url: "http://127.0.0.1:8083", state: .dead),
                service(.inventory, .ready), notification,
            ],
            dependencies: [
                dependency("inventory", .critical), dependency("payment", .critical),
                Dependency(
                    name: "coupon", role: .optional, breaker: "open", retryAfterMilliseconds: 2400, inUse: 0,
                    limit: 64,
                    callsPerSecond: ["ok": 0, "refused": 0, "unavailable": 0, "rejected": 15.5],
                    lastFailure: FailureDocument(reason: "unreachable", at: at.advanced(by: .seconds(-31)))),
                dependency("notification", .optional),
            ],
            events: [
                WatchEvent(
                    at: at, subject: "ord_01M7Z4VXPP3847T9FR83EJZ9A3",
                    words: "coupon-skipped (circuit-open), refund later",
                    kind: .worse, count: 129),
                WatchEvent(
                    at: at.advanced(by: .seconds(-2)), subject: "ord_01M7Z4VYS29XAKKWHG814MQBT0",
                    words: "repaired coupon: redeemed; 305 refunded", kind: .better),
                WatchEvent(
                    at: at.advanced(by: .seconds(-31)), subject: "coupon", words: "is dead", kind: .worse),
            ])
    }

    private static func dependency(_ name: String, _ role: DependencyDocument.Role) -> Dependency {
        Dependency(
            name: name, role: role, breaker: "closed", inUse: 2, limit: 96,
            callsPerSecond: ["ok": 100.2, "refused": 0, "unavailable": 0, "rejected": 0],
            latency: Latency(p50Milliseconds: 3.8, p99Milliseconds: 8))
    }
}
