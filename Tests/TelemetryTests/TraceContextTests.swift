import Instrumentation
import Testing
import Tracing

@testable import Telemetry

@Suite("W3C trace context")
struct TraceContextTests {
    private static let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("a valid traceparent is continued")
    func continued() {
        let trace = TraceContext(continuing: Self.header, state: "vendor=1", baggage: "tenant=7")
        #expect(trace.traceparent == Self.header)
        #expect(trace.state == "vendor=1" && trace.baggage == "tenant=7")
        #expect(trace.isContinued)
    }

    @Test(
        "anything else begins a new trace",
        arguments: [
            nil, "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473\u{e9}-00f067aa0ba902b7-01",
            String(repeating: "a", count: 5000),
        ])
    func begun(header: String?) {
        let trace = TraceContext(continuing: header, state: "vendor=1")
        #expect(trace.traceId.description != "4bf92f3577b34da6a3ce929d0e0e4736")
        // It belongs to the trace that could not be read.
        #expect(trace.state == nil && !trace.isContinued)
    }

    @Test("a later version with more parts is continued")
    func laterVersion() {
        let trace = TraceContext(continuing: "01" + Self.header.dropFirst(2) + "-more")
        #expect(trace.traceparent == Self.header)
    }

    @Test("a library that is instrumented with swift-distributed-tracing finds the same context")
    func carrier() {
        struct Headers: Injector, Extractor {
            func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
                carrier[key] = value
            }
            func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        }
        let tracer = ServiceTracer.off
        var context = InstrumentationContext.topLevel
        tracer.extract(["traceparent": Self.header, "baggage": "a=1"], into: &context, using: Headers())
        var carrier: [String: String] = [:]
        tracer.inject(context, into: &carrier, using: Headers())
        #expect(carrier == ["traceparent": Self.header, "baggage": "a=1"])
    }
}
