import Contracts
import Foundation
import Load
import Transport

/// The most expensive bodies of 256 KiB that a search found, each sent five times a second beside ordinary
/// orders, whose latency is measured.
struct BodyBenchmark {
    private static let seconds = 5.0
    private static let ordersPerSecond = 50.0
    private static let bodiesPerSecond = 5.0

    static func run() async throws {
        let stack = try BenchmarkStack()
        defer { stack.stop() }
        try stack.start(seedFolder: try OverloadBenchmark.plenty(stack))
        let client = HTTPClient()
        defer { client.shutdown() }
        let run = UUID().uuidString.prefix(8)
        let key = ("idempotency-key", "\(run)-\(RawRequest.number)")
        let orders = try Basket.journey(stack.seedFolder).prefix(200).map {
            RawRequest(
                "POST", "/orders", headers: [key], body: $0.body(customer: "\(run)-\(RawRequest.number)"))
        }
        let port = Int(stack.url("order").split(separator: ":").last ?? "") ?? 0
        var number = 1
        func measure(_ body: String?) async throws -> (orders: OverloadRun, bodies: OverloadRun) {
            defer { number += 1_000_000 }
            func stream(_ requests: [RawRequest], _ rate: Double) -> RawSender.Stream {
                .init(
                    port: port, requests: requests, phases: [.init(seconds: 3600, rate: rate)],
                    connections: 200)
            }
            var streams = [stream(orders, ordersPerSecond)]
            if let body {
                streams.append(
                    stream(
                        [RawRequest("POST", "/orders", headers: [key], body: Array(body.utf8))],
                        bodiesPerSecond))
            }
            let outcomes = try await RawSender.run(streams, for: seconds, firstNumber: number).outcomes
            return (
                OverloadRun(outcomes: outcomes[0], elapsed: seconds),
                OverloadRun(outcomes: outcomes.count > 1 ? outcomes[1] : [], elapsed: seconds)
            )
        }
        _ = try await measure(nil)
        for (name, body) in candidates {
            let before = try await measure(nil).orders
            let (beside, bodies) = try await measure(body)
            let (usual, disturbed) = (before.percentile(0.99, from: 1), beside.percentile(0.99, from: 1))
            let slowest = bodies.outcomes.map(\.latency).max() ?? 0
            print(
                """
                \(name), \(body.utf8.count / 1024) KiB: orders' p99 \(fixed(usual)) → \(fixed(disturbed)) ms \
                = \(fixed(disturbed / usual, 2)) × (asked 1.5, and 200 ms); orders \(beside.statuses); \
                bodies \(bodies.statuses), slowest \(fixed(slowest * 1000)) ms
                """)
        }
    }

    private static let size = 256 * 1024 - 512

    private static func times(_ text: String, _ bytes: Int = size, separator: String = "") -> String {
        Array(repeating: text, count: bytes / (text.utf8.count + separator.utf8.count)).joined(
            separator: separator)
    }

    private static func order(_ field: String) -> String {
        let item = #"{"sku":"P1082185","quantity":1}"#
        return #"{"customerId":"e","items":[\#(item)],"payment":{"token":"tok_ok"},\#(field)}"#
    }

    private static let item = #"{"sku":"a","quantity":1}"#
    private static let fractionalItem = #"{"sku":"a","quantity":1.5}"#
    private static let outOfRange = #""items":[{"sku":"a","quantity":1e400}],"customerId":"e""#

    /// Valid bodies first, with parts that a decoder skips or reads in vain.
    private static let candidates: [(String, String)] = [
        ("numbers in an unknown field", order(#""x":[\#(times("1", separator: ","))]"#)),
        ("empty objects in an unknown field", order(#""x":[\#(times("{}", separator: ","))]"#)),
        ("one member many times", order(times(#""a":1"#, separator: ","))),
        ("many different members", order((0..<20_000).map { #""k\#($0)":1"# }.joined(separator: ","))),
        ("a name of combining marks", order(#""\#(times("\u{301}"))":1"#)),
        (
            "names that are canonically equal",
            order(
                (0..<12_000).map { ["\u{301}\u{327}\u{323}", "\u{323}\u{327}\u{301}"][$0 % 2] }.map {
                    #""\#($0)":1"#
                }.joined(
                    separator: ","))
        ),
        ("escaped combining marks", #"{"customerId":"\#(times(#"\u0301"#))","items":[]}"#),
        ("a number of 250,000 digits", order(#""maxTotal":1.\#(times("0"))"#)),
        (
            "9,500 items",
            #"{"customerId":"e","items":[\#(times(item, separator: ","))]}"#
        ),
        (
            "9,000 items, the last with a fraction",
            #"{"customerId":"e","items":[\#(times(item, size - 30, separator: ",")),\#(fractionalItem)]}"#
        ),
        (
            "fractions, and a number out of range",
            #"{\#(outOfRange),"x":[\#(times("1.5", separator: ","))]}"#
        ),
        (
            "a long name over fractions, and a number out of range",
            #"{\#(outOfRange),"\#(times("k", 130_000))":[\#(times("1.5", 128_000, separator: ","))]}"#
        ),
        ("arrays nested 125,000 deep", order(#""x":\#(times("[", 125_000))\#(times("]", 125_000))"#)),
        ("a missing brace at the end", String(order(#""x":[\#(times(#""""#, separator: ","))]"#).dropLast())),
    ]
}
