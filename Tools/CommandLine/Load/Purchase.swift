import Contracts
import Resilience
import Transport

/// One basket of one customer: sent with one key, sent again while nothing is decided, and followed once
/// accepted. Sending and following are apart, so that a load never waits for what is followed.
///
/// Refusals must not multiply the load: all purchases share a budget of retries after a 503, and one that
/// finds it spent gives up, as a customer would.
struct Purchase: Sendable {
    typealias Exchange = @Sendable (HTTPClient.Request) async throws(HTTPClientError) -> HTTPClient.Response

    struct Result: Equatable {
        /// Nil where the order is accepted, or where the task was cancelled before anything was decided.
        var ending: Ending?
        /// To be followed.
        var accepted: OrderDocument?
        /// From the intended send time to the first answer that decides something (2xx, or a refusal); nil
        /// without one.
        var latency: Duration?
        /// Sends after the first.
        var retries = 0
        /// The degradations of the first answer.
        var degradations: [Degradation] = []
    }

    /// A single send; longer than the order's own deadline, so that a frozen order is told from a slow one.
    static let attemptTimeout = Duration.seconds(3)

    private let placing: Exchange
    private let following: Exchange
    private let orderURL: String
    /// How long after the intended time it is still sent or followed.
    private let timeout: Duration
    private let time: TimeSource
    /// Half of the budget that order itself has: both together stay below a fifth.
    private let budget =
        (try? RetryBudget(RetryBudget.Configuration(share: 0.05, minimumPerSecond: 0.1))) ?? RetryBudget()
    private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(5), floor: .milliseconds(50))

    /// - Parameters:
    ///   - placing: sends an order.
    ///   - following: reads an order; with a client of its own, reads take no connections from orders.
    init(
        placing: @escaping Exchange, following: @escaping Exchange, orderURL: String, timeout: Duration,
        time: TimeSource = .system
    ) {
        self.placing = placing
        self.following = following
        self.orderURL = orderURL
        self.timeout = timeout
        self.time = time
    }

    /// Sends the order until something is decided, or the time is over.
    ///
    /// - Parameter seen: called for each request once it is answered or has failed.
    func place(
        _ body: [UInt8], key: String, intended: ContinuousClock.Instant, seen: (Attempt) -> Void = { _ in }
    ) async -> Result {
        var result = Result(ending: .unresolved("never sent"))
        await place(body, key, intended, seen, &result)
        // An order that was cut off by the end of the load has no ending.
        if Task.isCancelled, result.latency == nil { result.ending = nil }
        return result
    }

    private func place(
        _ body: [UInt8], _ key: String, _ intended: ContinuousClock.Instant, _ seen: (Attempt) -> Void,
        _ result: inout Result
    ) async {
        let limit = intended + timeout
        var failures = 0
        var mayHaveBeenDone = false
        budget.deposit(now: time.now())
        while true {
            let reply = await send(body, key: key) { attempt in
                mayHaveBeenDone = mayHaveBeenDone || attempt.meaning == .unknown
                seen(attempt)
            }
            var floor = 0.0
            switch reply {
            case .ended(let ending, let order):
                result.latency = time.now() - intended
                result.degradations = order?.degradations ?? []
                result.ending = ending
                return
            case .follow(let order):
                result.latency = time.now() - intended
                result.degradations = order.degradations
                (result.ending, result.accepted) = (nil, order)
                return
            case .again(let seconds, let why):
                floor = seconds
                result.ending = .unresolved(why)
            case .turnedAway(let seconds, let code):
                floor = seconds
                result.ending = mayHaveBeenDone ? .unresolved("503 \(code)") : .refused(code: code)
                while !budget.withdraw(now: time.now()) {
                    // A request that may have been carried out is asked about again, even late.
                    failures += 1
                    guard mayHaveBeenDone, await pause(failures, atLeast: .seconds(floor), until: limit)
                    else { return }
                }
            }
            failures += 1
            guard await pause(failures, atLeast: .seconds(floor), until: limit) else { return }
            result.retries += 1
        }
    }

    private func send(_ body: [UInt8], key: String, seen: (Attempt) -> Void) async -> OrderReply {
        let headers = [
            (name: "Content-Type", value: "application/json"), (name: "Idempotency-Key", value: key),
        ]
        let request = HTTPClient.Request(
            method: "POST", url: "\(orderURL)/orders", headers: headers, body: body,
            connectTimeout: .seconds(1),
            timeout: Self.attemptTimeout)
        let sentAt = Timestamp.now()
        do {
            let answer = OrderAnswer(try await placing(request))
            seen(Attempt(.place, sentAt: sentAt, answer: answer))
            return OrderReply(answer)
        } catch {
            seen(Attempt(.place, sentAt: sentAt, failure: error.words, neverSent: error.isUnreachable))
            if case .garbage(let what) = error { return .ended(.unexpected("not HTTP: \(what)"), nil) }
            return .again(after: 0, error.words)
        }
    }

    /// Reads the order until it is terminal, or the time is over.
    ///
    /// - Parameter seen: called for the read that found it terminal.
    /// - Returns: nil where the task was cancelled.
    func follow(_ order: OrderDocument, intended: ContinuousClock.Instant, seen: (Attempt) -> Void = { _ in })
        async -> Ending?
    {
        var reads = 0
        while true {
            reads += 1
            guard await pause(reads, atLeast: .zero, until: intended + timeout) else {
                return Task.isCancelled ? nil : .unresolved("\(order.id) still \(order.status)")
            }
            let request = HTTPClient.Request(
                url: "\(orderURL)/orders/\(order.id)", connectTimeout: .seconds(1),
                timeout: Self.attemptTimeout)
            let sentAt = Timestamp.now()
            guard let answer = try? await OrderAnswer(following(request)), answer.status == 200,
                let ending = answer.order.flatMap(OrderReply.ending)
            else { continue }
            seen(Attempt(.look, sentAt: sentAt, answer: answer))
            return ending
        }
    }

    /// False if the limit would pass meanwhile.
    private func pause(_ failures: Int, atLeast floor: Duration, until limit: ContinuousClock.Instant) async
        -> Bool
    {
        var random = SystemRandomNumberGenerator()
        let delay = max(floor, backoff.delay(afterFailures: failures, using: &random))
        guard time.now() + delay < limit else { return false }
        return (try? await time.sleep(delay)) != nil
    }
}

extension OrderAnswer {
    init(_ response: HTTPClient.Response) {
        self.init(status: response.status, retryAfter: response.header("Retry-After"), body: response.body)
    }
}

extension HTTPClientError {
    var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
}
