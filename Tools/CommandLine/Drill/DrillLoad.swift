import Contracts
import Foundation
import Resilience
import Transport

/// The customers of a drill: orders at a fixed rate, with quotes and reads beside them. Runs until it is
/// stopped.
final class DrillLoad: Sendable {
    /// Percent of the baskets that have a coupon.
    static let couponShare = 50.0

    /// Prefix of each customer's id and each key.
    let run: String
    private let rate: Double
    private let reads: Double
    private let loop: OpenLoop
    private let readLoad: ReadLoad
    private let record: Record
    private let source: Locked<BasketSource>

    /// - Parameters:
    ///   - rate: orders a second.
    ///   - reads: quotes and reads a second, half of each.
    ///   - quoted: the baskets that are quoted; nil: those that are ordered.
    ///   - timeout: how long one order is sent again and followed.
    init(
        orderURL: String, client: HTTPClient, baskets: [Basket], rate: Double, reads: Double,
        quoted: [Basket]? = nil,
        seed: UInt64, timeout: Duration
    ) {
        run = "drill-" + randomHex(UInt32.self)
        self.rate = rate
        self.reads = reads
        let record = Record()
        self.record = record
        source = Locked(BasketSource(baskets, couponShare: Self.couponShare, seed: seed, run: run))
        readLoad = ReadLoad(client: client, orderURL: orderURL, baskets: quoted ?? baskets)
        let purchase = Purchase(
            placing: client.send, following: client.send, orderURL: orderURL, timeout: timeout)
        loop = OpenLoop(purchase: purchase, rate: rate, run: run, paymentToken: "tok_ok", seen: record.note)
    }

    /// Seconds since it was made.
    var now: Double { record.now }
    var samples: [Sample] { record.samples }
    var history: History { record.history }
    var readCounts: DrillExperiment.Reads { readLoad.counts }

    /// Returns after the end of the last order.
    func send() async throws -> Tally.Counts {
        async let reading: Void = readLoad.run(
            every: .seconds(1 / reads), until: { [record] in record.isStopped }
        ) { [record] in
            record.lastOrder
        }
        let counts = try await loop.send {
            record.isStopped ? nil : source.withLock { $0.next() }
        } onProgress: { _ in
        }
        try await reading
        return counts
    }

    func stop() { record.stop() }

    /// Whether every order of the last `seconds` had a healthy outcome.
    func isNormal(for seconds: Double) -> Bool {
        let now = now
        // An unanswered order isn't normal yet: it counts from when it was sent.
        let recent = samples.filter { $0.at >= now - seconds - 0.2 }
        return Double(recent.count) >= rate * seconds * 0.8 && recent.allSatisfy(\.isNormal)
    }

    /// The samples and the history.
    private final class Record: Sendable {
        private struct State {
            var samples: [Sample] = []
            var operations: [ClientOperation] = []
            var position: [String: Int] = [:]
            var lastOrder: String?
            var isStopped = false
        }

        private let zero = ContinuousClock.now
        private let state = Locked(State())

        var now: Double { (ContinuousClock.now - zero).seconds }
        var samples: [Sample] { state.withLock { $0.samples } }
        var history: History { state.withLock { History(operations: $0.operations) } }
        var lastOrder: String? { state.withLock { $0.lastOrder } }
        var isStopped: Bool { state.withLock { $0.isStopped } }

        func stop() { state.withLock { $0.isStopped = true } }

        @Sendable func note(_ operation: ClientOperation, intended: ContinuousClock.Instant) {
            let latency = (ContinuousClock.now - intended).milliseconds
            let isFirst = operation.attempts.count == 1 && operation.outcome == nil
            let sample = operation.attempts.first.map {
                Sample(
                    $0, at: (intended - zero).seconds, latency: latency,
                    hasCoupon: operation.request.couponCode != nil)
            }
            state.withLock { state in
                if let sample, isFirst { state.samples.append(sample) }
                if let position = state.position[operation.key] {
                    state.operations[position] = operation
                } else {
                    state.position[operation.key] = state.operations.count
                    state.operations.append(operation)
                }
                if isFirst { state.lastOrder = operation.attempts[0].orderId ?? state.lastOrder }
            }
        }
    }
}
