import Foundation
import Instrumentation
import Resilience
import TestSupport
import Testing
import Tracing

@testable import Telemetry

/// What a collector was sent, and what it answers.
final class Collected: Sendable {
    private let state: Locked<(payloads: [[UInt8]], answers: [SpanExporter.Answer])>

    /// - Parameter answers: to the first payloads; all others are accepted.
    init(_ answers: [SpanExporter.Answer] = []) { state = Locked(([], answers)) }

    func take(_ payload: [UInt8]) -> SpanExporter.Answer {
        state.withLock { state in
            state.payloads.append(payload)
            return state.answers.isEmpty ? .accepted : state.answers.removeFirst()
        }
    }

    var payloads: [[UInt8]] { state.withLock { $0.payloads } }

    struct Request: Decodable {
        struct ResourceSpans: Decodable { var scopeSpans: [Scope] }
        struct Scope: Decodable { var spans: [Span] }
        struct Span: Decodable {
            var traceId: String
            var name: String
            var parentSpanId: String?
            var startTimeUnixNano: String
            var endTimeUnixNano: String
        }
        var resourceSpans: [ResourceSpans]
    }

    func spans() throws -> [[Request.Span]] {
        try payloads.map { payload in
            let request = try JSONDecoder().decode(Request.self, from: Data(payload))
            return request.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        }
    }

    func names() throws -> [String] { try spans().joined().map(\.name) }
}

@Suite("Exported spans", .timeLimit(.minutes(10)))
struct SpanExporterTests {
    private let time = ManualTime()
    private let metrics = PrometheusRegistry()

    private func exporter(_ collected: Collected) -> SpanExporter {
        SpanExporter(service: "order", time: time.source, metrics: metrics) { collected.take($0) }
    }

    private func count(_ sample: String) -> Bool { metrics.exposition().contains("\n\(sample)\n") }

    private func record(_ tracer: ServiceTracer, _ names: [String]) -> TraceContext {
        let trace = tracer.trace(continuing: nil)
        for name in names { tracer.begin(name, ofKind: .internal, in: trace)?.end() }
        return trace
    }

    @Test("a span and its parts are exported with times, attributes, events and links")
    func whole() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter)
        let span = try #require(
            tracer.begin("POST /orders", ofKind: .server, in: tracer.trace(continuing: nil), isRoot: true))
        await span.context.asCurrent {
            await ServiceSpan.within("commit \"placing\"\n") { inner in
                inner?.set("csp.order.id", "ord_1")
                inner?.set("csp.order.id", "ord_2")
                inner?.add("retry", ["attempt": 1])
                inner?.link(to: span.trace)
                inner?.fail("timeout")
            }
        }
        span.end()
        span.set("late", "lost")
        span.end()
        #expect(await exporter.exportNext(tries: 1))
        #expect(await !exporter.exportNext(tries: 1))
        let spans = try collected.spans().joined().map { $0 }
        #expect(spans.map(\.name) == ["commit \"placing\"\n", "POST /orders"])
        #expect(spans[0].parentSpanId == span.trace.spanId.description && spans[1].parentSpanId == nil)
        #expect(Set(spans.map(\.traceId)) == [span.trace.traceId.description])
        #expect(Set(spans.map(\.traceId.count)) == [32])
        let text = String(decoding: collected.payloads.joined(), as: UTF8.self)
        for part in [
            #"{"key":"service.name","value":{"stringValue":"order"}}"#,
            #"{"key":"csp.order.id","value":{"stringValue":"ord_2"}}"#, #""name":"retry""#,
            #"{"key":"attempt","value":{"intValue":"1"}}"#, #""status":{"code":2,"message":"timeout"}"#,
            #""links":[{"traceId":"\#(span.trace.traceId)","spanId":"\#(span.trace.spanId)"}]"#,
        ] {
            #expect(text.contains(part), "\(part) is missing in \(text)")
        }
        #expect(!text.contains("ord_1") && !text.contains("late"))
    }

    @Test("what can't be sent is dropped and counted, and never more waits than the capacity")
    func bounded() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter)
        _ = record(tracer, (0..<(SpanExporter.capacity + 10)).map { "span \($0)" })
        while await exporter.exportNext(tries: 1) {}
        let batches = try collected.spans()
        #expect(batches.joined().count == SpanExporter.capacity)
        #expect(batches.allSatisfy { $0.count <= SpanExporter.largestBatch })
        #expect(collected.payloads.allSatisfy { $0.count < 256 * 1024 })
        #expect(count("csp_spans_dropped_total{reason=\"full\"} 10"))
        #expect(count("csp_spans_exported_total \(SpanExporter.capacity)"))
    }

    @Test("a batch is sent again while the collector says later, and no longer than it may")
    func later() async throws {
        let collected = Collected([.later(after: .seconds(7)), .later(after: nil), .accepted, .refused])
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter)
        _ = record(tracer, ["first"])
        async let sent = exporter.exportNext(tries: 3)
        await time.sleepers(1)
        time.advance(by: .seconds(7))
        await time.sleepers(1)
        time.advance(by: .seconds(30))
        #expect(await sent)
        #expect(try collected.names() == ["first", "first", "first"])
        _ = record(tracer, ["second"])
        #expect(await !exporter.exportNext(tries: 3))
        #expect(count("csp_spans_dropped_total{reason=\"refused\"} 1"))
        #expect(count("csp_spans_exported_total 1"))
    }

    @Test("at the end everything that waits is sent while the collector takes it, and the rest is counted")
    func atTheEnd() async throws {
        let collected = Collected([.accepted, .accepted, .later(after: nil)])
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter)
        _ = record(tracer, (0..<2000).map { "span \($0)" })
        let running = Task { await exporter.run() }
        running.cancel()
        await running.value
        #expect(try collected.spans().map(\.count) == [512, 512, 512])
        #expect(count("csp_spans_exported_total 1024"))
        #expect(count("csp_spans_dropped_total{reason=\"unreachable\"} 976"))
    }

    @Test("where all is full, an ordinary span makes room for one of a degraded order")
    func keptFirst() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter)
        _ = record(tracer, (0..<SpanExporter.capacity).map { "span \($0)" })
        let span = try #require(
            tracer.begin("degraded", ofKind: .internal, in: tracer.trace(continuing: nil)))
        span.keep()
        span.end()
        #expect(await exporter.exportNext(tries: 1))
        #expect(try collected.names() == ["degraded"])
        #expect(count("csp_spans_dropped_total{reason=\"full\"} 1"))
    }

    @Test("of unsampled traces nothing is exported, until one is found to be worth it: then all of it is")
    func kept() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter, share: 0)
        _ = record(tracer, ["ordinary"])
        let trace = record(tracer, ["reserve", "redeem"])
        #expect(trace.traceparent.hasSuffix("-00"))
        let span = try #require(tracer.begin("commit", ofKind: .internal, in: trace))
        span.keep()
        span.end()
        // What it causes elsewhere is recorded from now on.
        #expect(trace.traceparent.hasSuffix("-01"))
        while await exporter.exportNext(tries: 1) {}
        #expect(try Set(collected.names()) == ["reserve", "redeem", "commit"])
        #expect(String(decoding: collected.payloads.joined(), as: UTF8.self).contains("\"csp.kept\""))
    }

    @Test("a caller that has found a trace worth it makes this process export what it holds of it")
    func keptElsewhere() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter, share: 0)
        let trace = record(tracer, ["reserve"])
        let sampled = tracer.trace(continuing: String(trace.traceparent.dropLast(2)) + "01")
        tracer.begin("commit stock", ofKind: .server, in: sampled)?.end()
        while await exporter.exportNext(tries: 1) {}
        #expect(try Set(collected.names()) == ["reserve", "commit stock"])
    }

    @Test("what is held is bounded, and the oldest goes first")
    func held() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter, share: 0)
        let old = record(tracer, ["old"])
        var last = record(tracer, ["next"])
        for number in 0..<ServiceTracer.mostHeld { last = record(tracer, ["span \(number)"]) }
        for trace in [old, last] { tracer.begin("commit", ofKind: .internal, in: trace)?.keep() }
        while await exporter.exportNext(tries: 1) {}
        #expect(try collected.names() == ["span \(ServiceTracer.mostHeld - 1)"])
    }

    @Test("all services sample the same traces: by the id alone, as large a share as asked")
    func share() {
        let tracers = (0..<2).map { _ in ServiceTracer(exporter: exporter(Collected()), share: 0.25) }
        var sampled = 0
        for _ in 0..<4000 {
            let trace = tracers[0].trace(continuing: nil)
            let again = tracers[1].trace(continuing: "00-\(trace.traceId)-\(trace.spanId)-00")
            #expect(trace.sampling.isSampled == again.sampling.isSampled)
            if trace.sampling.isSampled { sampled += 1 }
        }
        #expect((800...1200).contains(sampled))
    }

    @Test("an endless attribute is cut, and so are too many attributes and events")
    func limits() async throws {
        let collected = Collected()
        let exporter = exporter(collected)
        let tracer = ServiceTracer(exporter: exporter)
        let span = try #require(tracer.begin("long", ofKind: .internal, in: tracer.trace(continuing: nil)))
        for index in 0..<1000 {
            span.set("key \(index)", .string(String(repeating: "é", count: 10_000)))
            span.add("event")
        }
        span.end()
        _ = await exporter.exportNext(tries: 1)
        #expect(collected.payloads.count == 1 && collected.payloads[0].count < 16 * 1024)
    }

    @Test("where nothing is recorded there is no span, and the context is passed on")
    func off() async {
        let tracer = ServiceTracer.off
        #expect(tracer.begin("any", ofKind: .server, in: tracer.trace(continuing: nil)) == nil)
        await ServiceSpan.within("any") { #expect($0 == nil) }
        let span = tracer.startSpan("any", ofKind: .internal)
        #expect(!span.isRecording)
        span.end()
    }
}
