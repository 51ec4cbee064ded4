import Dispatch
import Foundation
import Instrumentation
import Metrics
import Runtime
import Telemetry
import Tracing

/// What is recorded of a request costs: its metrics, a span where none are recorded, and one that is recorded
/// and written as OTLP.
enum TelemetryBenchmark {
    private static let rounds = 31
    private static let count = 10_000

    static func run() async throws {
        Metering.start()
        let requests = Counter(label: "bench_requests_total", dimensions: [("route", "POST /orders")])
        let durations = Timer(label: "bench_duration_seconds", dimensions: [("route", "POST /orders")])
        let inFlight = Gauge(label: "bench_in_flight")
        let metrics = try await median {
            for _ in 0..<count {
                inFlight.record(1)
                requests.increment()
                durations.recordNanoseconds(1_500_000)
            }
        }
        var context = InstrumentationContext.topLevel
        context.trace = ServiceTracer.off.trace(continuing: nil)
        let bare = try await context.asCurrent {
            try await median { for _ in 0..<count { await around { $0?.set("key", "value") } } }
        }
        let disabled = try await context.asCurrent {
            try await median {
                for _ in 0..<count { await ServiceSpan.within("write confirmed") { $0?.set("key", "value") } }
            }
        }
        let sent = Sent()
        let exporter = SpanExporter(service: "bench") { await sent.take($0.count) }
        let tracer = ServiceTracer(exporter: exporter)
        guard
            let root = tracer.begin(
                "POST /orders", ofKind: .server, in: tracer.trace(continuing: nil), isRoot: true)
        else { return }
        var recorded: [Double] = []
        for _ in 0..<rounds {
            let begin = CPUTime.ofThisProcess()
            await root.context.asCurrent {
                for _ in 0..<SpanExporter.capacity {
                    await ServiceSpan.within("payment capture") { span in
                        span?.set("csp.dependency", "payment")
                        span?.set("csp.operation", "capture")
                        span?.set("csp.outcome", "ok")
                    }
                }
            }
            while await exporter.exportNext(tries: 1) {}
            recorded.append((CPUTime.ofThisProcess() - begin) * 1e9 / Double(SpanExporter.capacity))
        }
        recorded.sort()
        print(
            """
            telemetry, CPU time, median of \(rounds) rounds
              metrics of a request       \(fixed(metrics, 0)) ns (aim: under 1,000)
              a span, nothing recorded   \(fixed(disabled - bare, 0)) ns (aim: under 50), beside the \
            \(fixed(bare, 0)) ns of the asynchronous call that it is around
              a span, exported as OTLP   \(fixed(recorded[rounds / 2], 0)) ns (aim: under 5,000), \
            \(await sent.bytes / max(1, rounds * SpanExporter.capacity)) bytes

            """)
    }

    /// What a call costs that is around another one and does nothing.
    @inline(never)
    private static func around<Value, Failure: Error>(
        _ body: (ServiceSpan?) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await body(nil)
    }

    private actor Sent {
        var bytes = 0

        func take(_ count: Int) -> SpanExporter.Answer {
            bytes += count
            return .accepted
        }
    }

    private static func median(_ body: () async throws -> Void) async throws -> Double {
        try await body()
        var samples: [Double] = []
        for _ in 0..<rounds {
            let begin = CPUTime.ofThisThread()
            try await body()
            samples.append((CPUTime.ofThisThread() - begin) * 1e9 / Double(count))
        }
        return samples.sorted()[rounds / 2]
    }
}
