import Contracts
import Testing

@testable import CommandLine
@testable import StackView

private let duration = "http_server_request_duration_seconds"

@Suite struct WatchingTests {
    private let begin = ContinuousClock.now
    private let wall = Timestamp(milliseconds: 1_767_614_584_000)

    /// Coupon at `second`, after `requests` requests.
    private func coupon(
        requests: Int, started: Int = 1_767_614_000, shed: Int = 0, breaker: String = "closed", dead: Int = 0
    ) -> StackSnapshot.Service {
        let page = MetricsPage(
            """
            process_start_time_seconds \(started)
            csp_queue_messages{state="ready"} 3
            csp_queue_messages{state="delayed"} 2
            csp_queue_messages{state="dead"} \(dead)
            csp_queue_oldest_seconds 1.25
            \(duration)_count{method="POST",route="/redemptions",status="201"} \(requests)
            \(duration)_count{method="GET",route="/metrics",status="200"} \(requests * 7)
            \(duration)_bucket{method="POST",route="/redemptions",status="201",le="0.01"} \(requests)
            \(duration)_bucket{method="POST",route="/redemptions",status="201",le="+Inf"} \(requests)
            \(duration)_bucket{method="GET",route="/metrics",status="200",le="+Inf"} \(requests * 7)
            """)
        let dependency = DependencyDocument(
            name: "ledger", role: .optional, criticality: "sheddable", operations: [], fallback: "",
            effect: "", policies: [:],
            state: DependencyDocument.State(
                breaker: BreakerDocument(
                    state: breaker, control: "automatic", reason: "", calls: 0, failures: 0, slowCalls: 0,
                    retryAfterMilliseconds: nil),
                bulkhead: BulkheadDocument(inUse: 0, limit: 1, waiting: 0), calls: [:], lastFailure: nil))
        let shedder = ShedderDocument(
            limit: 10, inFlight: 1, waiting: 0, admitted: [:], shed: ["sheddable": shed], rateLimited: 0)
        return StackSnapshot.Service(
            name: .coupon, url: "http://c", process: ProcessIdentity(pid: 1, startTime: 1),
            activity: .running,
            ready: (200, "{}"), metrics: page,
            path: PathDocument(service: "coupon", dependencies: [dependency], shedder: shedder))
    }

    private func silent(_ activity: ProcessIdentity.Activity) -> StackSnapshot.Service {
        StackSnapshot.Service(
            name: .coupon, url: "http://c", process: ProcessIdentity(pid: 1, startTime: 1), activity: activity
        )
    }

    private func snapshot(_ second: Double, _ service: StackSnapshot.Service) -> StackSnapshot {
        StackSnapshot(
            at: begin + .seconds(second), wall: wall.advanced(by: .seconds(second)), services: [service])
    }

    @Test("rates and latencies cover the last seconds, without operators' routes")
    func rates() throws {
        var watching = Watching()
        let first = watching.dashboard(snapshot(0, coupon(requests: 1000))).services[0]
        #expect(first.requestsPerSecond == nil && first.latency == nil)
        #expect(
            first.queued == 5 && first.oldestSeconds == 1.3 && first.deadLetters == 0
                && first.upSeconds == 584)
        let second = watching.dashboard(snapshot(1, coupon(requests: 1010, shed: 20))).services[0]
        #expect(second.requestsPerSecond == 10)
        #expect(second.latency == Dashboard.Latency(p50Milliseconds: 5, p99Milliseconds: 9.9))
        #expect(second.shedding?.shedPerSecond == ["sheddable": 20])
        _ = watching.dashboard(snapshot(2, coupon(requests: 1010)))
        _ = watching.dashboard(snapshot(3, coupon(requests: 1010)))
        let later = watching.dashboard(snapshot(4, coupon(requests: 1010))).services[0]
        #expect(later.requestsPerSecond == 0 && later.latency == nil)
    }

    @Test("what was declared before is known of a service that doesn't answer, its state is not")
    func declared() {
        var before = Watching()
        let known = before.dashboard(snapshot(0, coupon(requests: 1))).dependencies
        #expect(known.map(\.breaker) == ["closed"])
        var watching = Watching(declared: before.declared)
        let dashboard = watching.dashboard(snapshot(0, silent(.gone)))
        #expect(dashboard.dependencies.map(\.name) == ["ledger"])
        #expect(dashboard.dependencies.map(\.breaker) == [Dashboard.Dependency.unknown])
        #expect(watching.declared == before.declared)
    }

    @Test("another process counts from zero")
    func restarted() {
        var watching = Watching()
        _ = watching.dashboard(snapshot(0, coupon(requests: 1000)))
        #expect(
            watching.dashboard(snapshot(1, coupon(requests: 5, started: 1_767_614_500))).services[0]
                .requestsPerSecond == nil)
        #expect(
            watching.dashboard(snapshot(2, coupon(requests: 8, started: 1_767_614_500))).services[0]
                .requestsPerSecond == 3)
    }

    @Test("of a silent service only the age of its last answer is known")
    func old() {
        var watching = Watching()
        _ = watching.dashboard(snapshot(0, coupon(requests: 0)))
        _ = watching.dashboard(snapshot(1, coupon(requests: 10)))
        let frozen = watching.dashboard(snapshot(3, silent(.stopped))).services[0]
        #expect(frozen.state == .frozen && frozen.ageSeconds == 2)
        #expect(frozen.requestsPerSecond == nil && frozen.queued == nil && frozen.shedding == nil)
        #expect(watching.dashboard(snapshot(4, silent(.running))).services[0].state == .silent)
        let dead = watching.dashboard(snapshot(5, silent(.gone))).services[0]
        #expect(dead.state == .dead && dead.pid == nil && dead.ageSeconds == 4)
    }

    @Test("a service that never answered is starting; one without a dependency is degraded")
    func states() {
        var watching = Watching()
        #expect(watching.dashboard(snapshot(0, silent(.running))).services[0].state == .starting)
        #expect(watching.dashboard(snapshot(1, coupon(requests: 1))).services[0].state == .ready)
        #expect(
            watching.dashboard(snapshot(2, coupon(requests: 1, breaker: "open"))).services[0].state
                == .degraded)
        #expect(watching.dashboard(snapshot(3, coupon(requests: 1, shed: 1))).services[0].state == .degraded)
    }

    @Test("a change of a service is reported once")
    func changes() {
        var watching = Watching()
        func told(_ second: Double, _ service: StackSnapshot.Service) -> [String] {
            watching.dashboard(snapshot(second, service)).events.map { "\($0.subject) \($0.words)" }
        }
        #expect(told(0, silent(.gone)).isEmpty)
        #expect(told(1, coupon(requests: 1)) == ["coupon is ready"])
        #expect(
            told(2, coupon(requests: 1, dead: 2)).first
                == "coupon gave up on 2 messages: csp audit names them")
        #expect(told(3, silent(.stopped)).first == "coupon is frozen")
        #expect(told(4, silent(.stopped)).count == 3)
        #expect(told(5, silent(.gone)).first == "coupon is dead")
        _ = told(6, coupon(requests: 1))
        #expect(
            told(7, coupon(requests: 1, shed: 9)).first
                == "coupon is asked for more than it can do, and sheds")
        for second in [8.0, 9] { _ = told(second, coupon(requests: 1, shed: 9)) }
        #expect(told(10.5, coupon(requests: 1, shed: 9)).first == "coupon sheds nothing any more")
    }

    @Test("a shed order was turned away, although it wasn't routed")
    func turnedAway() {
        func order(_ second: Double, served: Int, shed: Int) -> StackSnapshot {
            var service = coupon(requests: 0)
            service.name = .order
            service.metrics = MetricsPage(
                """
                \(duration)_count{method="POST",route="/orders",status="201"} \(served)
                \(duration)_count{method="POST",route="/orders",status="503"} \(served / 10)
                """)
            service.path?.shedder?.shed = ["critical-plus": shed, "sheddable": 1000 * shed]
            return snapshot(second, service)
        }
        var watching = Watching()
        _ = watching.dashboard(order(0, served: 100, shed: 0))
        let orders = watching.dashboard(order(2, served: 200, shed: 30)).orders
        #expect(orders?.answeredPerSecond == 70 && orders?.unservedPerSecond == 20)
    }

    @Test("once order is silent its dependencies are unknown, and that is no event")
    func silentOrder() throws {
        func order(_ second: Double, _ service: StackSnapshot.Service) -> StackSnapshot {
            var service = service
            service.name = .order
            return snapshot(second, service)
        }
        var watching = Watching()
        _ = watching.dashboard(order(0, coupon(requests: 0)))
        let known = watching.dashboard(order(1, coupon(requests: 10, shed: 9)))
        #expect(known.dependencies.map(\.breaker) == ["closed"] && known.orders != nil)
        let silent = watching.dashboard(order(3, silent(.gone)))
        let ledger = try #require(silent.dependencies.first)
        #expect(
            ledger.breaker == "unknown" && ledger.ageSeconds == 2 && ledger.inUse == nil
                && ledger.callsPerSecond.isEmpty)
        #expect(silent.orders == nil)
        let words = silent.events.map(\.words)
        #expect(words == ["is dead", "is asked for more than it can do, and sheds"])
        let back = watching.dashboard(order(4, coupon(requests: 1, started: 1_767_614_500)))
        #expect(back.events.first?.words == "is ready" && back.events.count == 3)
        let open = watching.dashboard(order(5, coupon(requests: 1, started: 1_767_614_500, breaker: "open")))
        #expect(open.events.first?.words == "does without ledger: breaker open")
    }
}
