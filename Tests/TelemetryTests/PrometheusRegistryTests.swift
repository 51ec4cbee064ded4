import CoreMetrics
import Telemetry
import Testing

@Suite struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry(maximumSeriesPerMetric: 3)

    private func page() throws -> ParsedPage { try ParsedPage(registry.exposition()) }

    @Test("Every kind of instrument appears under its type")
    func kinds() throws {
        Counter(label: "orders_total", factory: registry).increment()
        FloatingPointCounter(label: "work_seconds_total", factory: registry).increment(by: 0.5)
        Meter(label: "depth", factory: registry).set(3)
        Gauge(label: "ratio", factory: registry).record(0.25)
        Recorder(label: "size", factory: registry).record(2)
        CoreMetrics.Timer(label: "latency_seconds", factory: registry).recordMilliseconds(250)
        let page = try page()
        #expect(page.kinds["orders_total"] == "counter")
        #expect(page.kinds["work_seconds_total"] == "counter")
        #expect(page.kinds["depth"] == "gauge")
        #expect(page.kinds["ratio"] == "gauge")
        #expect(page.kinds["size"] == "histogram")
        #expect(page.kinds["latency_seconds"] == "histogram")
        #expect(page.value("orders_total") == 1)
        #expect(page.value("work_seconds_total") == 0.5)
        #expect(page.value("depth") == 3)
        #expect(page.value("ratio") == 0.25)
        #expect(page.value("latency_seconds_sum") == 0.25)
    }

    @Test("Increments of one counter by many tasks, each asking for it anew, add up exactly")
    func concurrentIncrements() async throws {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { [registry] in
                    for _ in 0..<500 {
                        Counter(label: "orders_total", dimensions: [("outcome", "ok")], factory: registry)
                            .increment(by: 2)
                        FloatingPointCounter(label: "work_total", factory: registry).increment(by: 0.5)
                        Meter(label: "in_flight", factory: registry).increment()
                    }
                }
            }
        }
        let page = try page()
        #expect(page.value("orders_total", ["outcome": "ok"]) == 8000)
        #expect(page.value("work_total") == 2000)
        #expect(page.value("in_flight") == 4000)
    }

    @Test("Steps of one gauge and one counter that many tasks hold at once are never lost")
    func contendedSteps() async throws {
        let meter = registry.makeMeter(label: "in_flight", dimensions: [])
        let counter = registry.makeFloatingPointCounter(label: "work_total", dimensions: [])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<250_000 {
                        meter.increment(by: 2)
                        counter.increment(by: 0.5)
                        meter.decrement(by: 1)
                    }
                }
            }
        }
        #expect(try page().value("in_flight") == 1_000_000)
        #expect(try page().value("work_total") == 500_000)
    }

    @Test("A counter never goes down, and takes nothing that is not a finite amount")
    func countersOnlyGrow() throws {
        let whole = Counter(label: "whole_total", factory: registry)
        whole.increment(by: 5)
        whole.increment(by: -3)
        let fractional = FloatingPointCounter(label: "fractional_total", factory: registry)
        fractional.increment(by: 1.5)
        for amount in [-1, .nan, .infinity] { fractional.increment(by: amount) }
        #expect(try page().value("whole_total") == 5)
        #expect(try page().value("fractional_total") == 1.5)
        whole.reset()
        #expect(try page().value("whole_total") == 0)
    }

    @Test("A gauge shows the last value set and moves from there")
    func gauges() throws {
        let meter = Meter(label: "depth", factory: registry)
        meter.set(10)
        meter.increment(by: 2.5)
        meter.decrement()
        meter.increment(by: Double.nan)
        #expect(try page().value("depth") == 11.5)
        meter.set(-1)
        #expect(try page().value("depth") == -1)
        meter.set(Double.infinity)
        #expect(registry.exposition().contains("depth +Inf\n"))
    }

    @Test("The order of labels makes no difference, their values do")
    func identity() throws {
        Counter(label: "calls_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "calls_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        Counter(label: "calls_total", dimensions: [("a", "2"), ("b", "1")], factory: registry).increment()
        #expect(try page().value("calls_total", ["a": "1", "b": "2"]) == 2)
        #expect(try page().value("calls_total", ["a": "2", "b": "1"]) == 1)
    }

    @Test(
        "A label value comes back from the page as it went in",
        arguments: [
            "", "two\nlines", #"quote " backslash \ both \" "#, #"\n"#, "a,b=\"c\"}", "\r\t\u{1b}", "쿠폰 🎟",
            "trailing\\",
        ])
    func labelEscaping(value: String) throws {
        Counter(label: "calls_total", dimensions: [("value", value)], factory: registry).increment()
        #expect(try page().value("calls_total", ["value": value]) == 1)
    }

    @Test("Illegal names are made legal, and a doubled or reserved label spoils nothing")
    func sanitising() throws {
        Counter(label: "9 orders.placed-total", dimensions: [("1st label", "x")], factory: registry)
            .increment()
        Counter(label: "", dimensions: [("a", "1"), ("a", "2")], factory: registry).increment()
        Recorder(label: "size", dimensions: [("le", "mine")], factory: registry).record(1)
        let page = try page()
        #expect(page.value("_9_orders_placed_total", ["_1st_label": "x"]) == 1)
        #expect(page.value("_", ["a": "2"]) == 1)
        #expect(page.value("size_count", ["exported_le": "mine"]) == 1)
    }

    @Test("Past the limit, new label sets share one series called other, and known ones keep their own")
    func seriesLimit() throws {
        for customer in 0..<100 {
            Counter(label: "orders_total", dimensions: [("customer", "\(customer)")], factory: registry)
                .increment()
        }
        Counter(label: "orders_total", dimensions: [("customer", "0")], factory: registry).increment()
        let page = try page()
        #expect(page.series("orders_total").count == 4)
        #expect(page.value("orders_total", ["customer": "0"]) == 2)
        #expect(page.value("orders_total", ["customer": "other"]) == 97)
        #expect(page.series("orders_total").map(\.value).reduce(0, +) == 101)
    }

    @Test("One metric's label sets don't use up another's")
    func limitIsPerMetric() throws {
        for value in 0..<5 {
            Counter(label: "a_total", dimensions: [("v", "\(value)")], factory: registry).increment()
        }
        Counter(label: "b_total", dimensions: [("v", "0")], factory: registry).increment()
        #expect(try page().value("b_total", ["v": "0"]) == 1)
    }

    @Test("A name that is taken by another kind gets a suffix, and the page stays valid")
    func kindConflict() throws {
        Counter(label: "load", factory: registry).increment(by: 7)
        Meter(label: "load", factory: registry).set(3)
        let page = try page()
        #expect(page.value("load") == 7)
        #expect(page.kinds["load_gauge"] == "gauge")
        #expect(page.value("load_gauge") == 3)
    }

    @Test("The page is the same whatever the order of registration, sorted by name and then by labels")
    func deterministic() throws {
        func text(_ names: [String], _ values: [String]) -> Substring? {
            let registry = PrometheusRegistry()
            for name in names {
                for value in values {
                    Counter(label: name, dimensions: [("v", value)], factory: registry).increment()
                }
            }
            return registry.exposition().split(separator: "# HELP process_").first
        }
        let (names, values) = (["b_total", "a_total", "c_total"], ["y", "x", "z"])
        #expect(text(names, values) == text(names.reversed(), values.reversed()))
        for name in names.reversed() { Counter(label: name, factory: registry).increment() }
        let order = try page().samples.map(\.name).filter(names.contains)
        #expect(order == ["a_total", "b_total", "c_total"])
    }

    @Test("Help is shown escaped for metrics that have samples, and only for them")
    func help() throws {
        registry.describe("orders_total", help: "Orders,\nby \"outcome\" \\ all.")
        registry.describe("unused_total", help: "Never recorded.")
        Counter(label: "orders_total", factory: registry).increment()
        #expect(try page().help["orders_total"] == #"Orders,\nby "outcome" \\ all."#)
        #expect(try page().help["unused_total"] == nil)
    }

    @Test("A destroyed instrument leaves the page and frees its name")
    func destroy() throws {
        let counter = Counter(label: "orders_total", factory: registry)
        counter.increment()
        counter.destroy()
        #expect(try page().kinds["orders_total"] == nil)
        Meter(label: "orders_total", factory: registry).set(1)
        #expect(try page().kinds["orders_total"] == "gauge")
    }
}
