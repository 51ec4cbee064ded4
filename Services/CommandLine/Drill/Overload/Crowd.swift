import Contracts
import Foundation
import Resilience
import Transport

/// More customers than the stack can serve: each asks once, and takes what it gets. What they send was made before, and of
/// what they get no more is read than has to be, so that they cost little beside what they ask for.
final class Crowd: Sendable {
    enum Wish: Sendable { case order, quote }

    /// Seconds of a rate, of which this share are quotes.
    struct Phase: Equatable {
        var seconds: Double
        /// Requests a second.
        var rate: Double
        var quotes = 0.0
        /// How often one asks while it gets no answer, or a 503.
        var tries = 1
    }

    private let client: HTTPClient
    private let orderURL: String
    /// With the count of all requests it makes the keys: none twice.
    private let run = randomHex(UInt64.self)
    private let count = Locked(0)
    private let sent = Locked(0)
    private let backoff = Backoff(base: .milliseconds(200), cap: .seconds(2), floor: .milliseconds(50))
    private let orders: [[UInt8]]
    private let quotes: [[UInt8]]

    /// - Parameter baskets: are ordered again and again, without their coupons, which would be used up.
    init(client: HTTPClient, orderURL: String, baskets: [Basket]) throws {
        self.client = client
        self.orderURL = orderURL
        func bodies(_ payment: PaymentMeans?) throws -> [[UInt8]] {
            try baskets.prefix(200).map { basket in
                try Array(JSON.encode(OrderRequest(customerId: "crowd", items: basket.items, payment: payment)))
            }
        }
        orders = try bodies(PaymentMeans(token: "tok_ok"))
        quotes = try bodies(nil)
    }

    /// Sends at the phases' rates whatever comes back, and returns once all are answered.
    func send(_ phases: [Phase]) async throws -> (orders: [Sample], quotes: [Sample]) {
        let begin = ContinuousClock.now
        return try await withThrowingTaskGroup(of: (Wish, Sample).self) { group in
            var (at, owed) = (0.0, 0.0)
            for phase in phases {
                let end = at + phase.seconds
                while at < end {
                    try await Task.sleep(until: begin + .seconds(at), clock: .continuous)
                    owed += phase.quotes
                    let wish: Wish = owed >= 1 ? .quote : .order
                    if owed >= 1 { owed -= 1 }
                    let intended = at
                    group.addTask { (wish, await self.ask(wish, intended, since: begin, tries: phase.tries)) }
                    at += 1 / phase.rate
                }
                at = end
            }
            return try await group.reduce(into: ([], [])) { seen, answered in
                if answered.0 == .order { seen.0.append(answered.1) } else { seen.1.append(answered.1) }
            }
        }
    }

    /// So many customers, each of whom orders again once it is answered.
    func inTurn(_ customers: Int, for duration: Duration) async -> [Sample] {
        let begin = ContinuousClock.now
        return await withTaskGroup(of: [Sample].self) { group in
            for _ in 0..<customers {
                group.addTask {
                    var samples: [Sample] = []
                    while ContinuousClock.now - begin < duration {
                        samples.append(await self.ask(.order, (ContinuousClock.now - begin).seconds, since: begin))
                    }
                    return samples
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// So many orders whose time is up already: the cheapest of refusals, at the service's door.
    func refused(_ count: Int, at once: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<once {
                group.addTask {
                    var refused = 0
                    for _ in 0..<count / once {
                        let answer = try? await self.send(.order, self.next(), deadline: "0")
                        if answer?.status == 503 { refused += 1 }
                    }
                    return refused
                }
            }
            return await group.reduce(0, +)
        }
    }

    private func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }

    /// Requests so far.
    var requests: Int { sent.withLock { $0 } }

    private func ask(_ wish: Wish, _ at: Double, since begin: ContinuousClock.Instant, tries: Int = 1) async -> Sample {
        let number = next()
        var chance = SystemRandomNumberGenerator()
        var answer = try? await send(wish, number)
        var failures = 1
        while failures < tries, answer == nil || answer?.status == 503 {
            try? await Task.sleep(for: backoff.delay(afterFailures: failures, using: &chance))
            answer = try? await send(wish, number)
            failures += 1
        }
        let latency = ((ContinuousClock.now - begin).seconds - at) * 1000
        return Sample(at: at, latency: latency, outcome: Self.outcome(answer), answer: answer.map { "\($0.status)" } ?? "none")
    }

    private func send(
        _ wish: Wish, _ number: Int, deadline: String? = nil
    ) async throws(HTTPClientError) -> HTTPClient.Response {
        sent.withLock { $0 += 1 }
        var headers = [(name: "Content-Type", value: "application/json")]
        if wish == .order { headers.append((name: "Idempotency-Key", value: "\(run)-\(number)")) }
        if let deadline { headers.append((name: "csp-deadline-ms", value: deadline)) }
        let bodies = wish == .order ? orders : quotes
        return try await client.send(
            .init(
                method: "POST", url: orderURL + (wish == .order ? "/orders" : "/quotes"), headers: headers,
                body: bodies[number % bodies.count], connectTimeout: Purchase.attemptTimeout,
                timeout: Purchase.attemptTimeout))
    }

    private static func outcome(_ answer: HTTPClient.Response?) -> Sample.Outcome {
        switch answer?.status {
        case 200, 201: .confirmed
        case 202: .accepted
        case 503:
            (try? JSON.decode(ProblemDocument.self, from: Data(answer?.body ?? []))).map(\.code)
                .map(Sample.allowed503s.contains) == true ? .turnedAway : .failed
        default: .failed
        }
    }
}
