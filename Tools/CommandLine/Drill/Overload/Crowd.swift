import Contracts
import Foundation
import Load
import Transport

/// More customers than the stack can serve. Their requests are prepared and sent over bare sockets, so that
/// they cost little beside the stack.
struct Crowd {
    /// A rate for some seconds, with a share of quotes.
    struct Phase: Equatable {
        var seconds: Double
        /// Requests a second.
        var rate: Double
        var quotes = 0.0
    }

    private let port: Int
    private let orders: [RawRequest]
    private let quotes: [RawRequest]
    /// Requests with an expired deadline: the cheapest refusal, at admission.
    private let late: [RawRequest]
    /// The next request number; each request has its own, and with it its own key.
    private var number = 0
    /// Requests sent so far.
    private(set) var requests = 0
    /// Orders that were answered 503 so far.
    private(set) var ordersRefused = 0

    /// - Parameter baskets: are ordered repeatedly, without their coupons, which would be used up.
    init(orderURL: String, baskets: [Basket]) throws {
        guard let port = URLComponents(string: orderURL)?.port else {
            throw Failure("no port in \(orderURL)")
        }
        self.port = port
        let run = randomHex(UInt64.self)
        func requests(
            _ path: String, _ payment: PaymentMeans?, _ headers: [(String, String)] = []
        ) throws -> [RawRequest] {
            try baskets.prefix(200).map { basket in
                let body = try JSON.encode(
                    OrderRequest(customerId: "crowd", items: basket.items, payment: payment))
                return RawRequest("POST", path, headers: headers, body: Array(body))
            }
        }
        let key = ("idempotency-key", "\(run)-\(RawRequest.number)")
        let means = PaymentMeans(token: "tok_ok")
        orders = try requests("/orders", means, [key])
        late = try requests("/orders", means, [key, ("csp-deadline-ms", "0")])
        quotes = try requests("/quotes", nil)
    }

    /// Sends at the phases' rates in an open loop, and returns once all are answered or timed out.
    ///
    /// - Parameter tries: how often a customer sends while there is no answer, or a 503.
    mutating func send(_ phases: [Phase], tries: Int = 1) async throws -> (orders: [Sample], quotes: [Sample])
    {
        func stream(_ requests: [RawRequest], _ share: (Phase) -> Double) -> RawSender.Stream {
            RawSender.Stream(
                port: port, requests: requests,
                phases: phases.map { .init(seconds: $0.seconds, rate: $0.rate * share($0)) }, tries: tries)
        }
        let seen = try await run(
            [stream(orders) { 1 - $0.quotes }, stream(quotes, \.quotes)],
            for: phases.reduce(0) { $0 + $1.seconds })
        return (seen[0], seen[1])
    }

    /// A closed loop of so many customers.
    mutating func inTurn(_ customers: Int, for seconds: Double) async throws -> [Sample] {
        try await run(
            [.init(port: port, requests: orders, phases: nil, connections: customers)], for: seconds)[0]
    }

    /// Sends orders with expired deadlines at a rate, and returns how many were refused.
    mutating func refused(at rate: Double, for seconds: Double) async throws -> Int {
        let phases = [RawSender.Stream.Phase(seconds: seconds, rate: rate)]
        return try await run([.init(port: port, requests: late, phases: phases)], for: seconds)[0]
            .count { $0.outcome == .turnedAway }
    }

    /// - Parameter streams: the first one is of orders.
    private mutating func run(_ streams: [RawSender.Stream], for seconds: Double) async throws -> [[Sample]] {
        defer { number += 100_000_000 }
        let result = try await RawSender.run(streams, for: seconds, firstNumber: number)
        requests += result.requests
        let samples = result.outcomes.map { outcomes in outcomes.map(Sample.init) }
        ordersRefused += samples[0].count { $0.outcome == .turnedAway }
        return samples
    }
}

extension Sample {
    /// The body isn't decoded: that would cost as much as what is measured.
    init(_ outcome: RawSender.Outcome) {
        self.init(
            at: outcome.intended, latency: outcome.latency * 1000, outcome: .failed,
            answer: outcome.status == 0 ? Self.noAnswer : "\(outcome.status)")
        switch outcome.status {
        case 200, 201: self.outcome = .confirmed
        case 202: self.outcome = .accepted
        // Each order has its own key and customer, so a conflict means that the goods are sold out.
        case 409: self.outcome = .refused
        case 503: self.outcome = .turnedAway
        default: break
        }
    }
}
