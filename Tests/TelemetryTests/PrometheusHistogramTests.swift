import CoreMetrics
import Telemetry
import Testing

@Suite struct PrometheusHistogramTests {
    private func buckets(_ page: ParsedPage, _ name: String) -> [String: Double] {
        page.series(name + "_bucket").reduce(into: [:]) { $0[$1.labels["le"] ?? ""] = $1.value }
    }

    @Test("Buckets are cumulative, their bounds inclusive, and the last one equals the count")
    func cumulative() throws {
        let registry = PrometheusRegistry(buckets: [1, 0.1, .infinity, 10, 1])
        let recorder = Recorder(label: "size", factory: registry)
        for value in [0.05, 0.1, 0.5, 1, 10, 11] { recorder.record(value) }
        let page = try ParsedPage(registry.exposition())
        #expect(buckets(page, "size") == ["0.1": 2, "1": 4, "10": 5, "+Inf": 6])
        #expect(page.value("size_count") == 6)
        #expect(page.value("size_sum") == 22.65)
    }

    @Test("Buckets are in ascending order of their bounds")
    func order() throws {
        let registry = PrometheusRegistry()
        CoreMetrics.Timer(label: "latency_seconds", factory: registry).recordMilliseconds(1)
        let bounds = try ParsedPage(registry.exposition()).series("latency_seconds_bucket").compactMap {
            $0.labels["le"]
        }
        #expect(
            bounds == [
                "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75",
                "1", "2.5", "5",
                "7.5", "10", "+Inf",
            ])
    }

    @Test("A timer counts in seconds, and a clock set back counts as zero")
    func seconds() throws {
        let registry = PrometheusRegistry(buckets: [0.01, 1])
        let timer = CoreMetrics.Timer(
            label: "latency_seconds", dimensions: [("route", "/orders")], factory: registry)
        timer.recordMilliseconds(20)
        timer.recordSeconds(3)
        timer.recordNanoseconds(-5)
        let page = try ParsedPage(registry.exposition())
        #expect(buckets(page, "latency_seconds") == ["0.01": 1, "1": 2, "+Inf": 3])
        #expect(page.value("latency_seconds_sum", ["route": "/orders"]) == 3.02)
    }

    @Test("Values that are not finite leave the sum usable")
    func notFinite() throws {
        let registry = PrometheusRegistry()
        let recorder = Recorder(label: "size", factory: registry)
        for value in [Double.nan, .infinity, -.infinity, 2] { recorder.record(value) }
        let page = try ParsedPage(registry.exposition())
        #expect(page.value("size_count") == 1)
        #expect(page.value("size_sum") == 2)
    }

    @Test("Values from many tasks are all counted, and every page taken meanwhile agrees with itself")
    func concurrent() async throws {
        let registry = PrometheusRegistry(buckets: [1, 2])
        let recorder = registry.makeRecorder(label: "size", dimensions: [], aggregate: true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    for value in 0..<2000 { recorder.record(Int64(value % 4)) }
                }
            }
            group.addTask {
                for _ in 0..<20 {
                    let page = try ParsedPage(registry.exposition())
                    #expect(page.value("size_count") == page.value("size_bucket", ["le": "+Inf"]))
                }
            }
            try await group.waitForAll()
        }
        let page = try ParsedPage(registry.exposition())
        #expect(buckets(page, "size") == ["1": 6000, "2": 9000, "+Inf": 12000])
        #expect(page.value("size_sum") == 18000)
    }
}
