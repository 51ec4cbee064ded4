import Contracts
import Resilience
import Transport

/// One basket seen through to its end: sent with one key, sent again while nothing is decided, followed once accepted.
///
/// A stack that turns customers away must not be asked the more for it: all purchases together share a budget of second tries
/// after a 503, and one that finds it spent gives up, as a customer would.
struct Purchase {
    struct Result: Equatable {
        var ending: Ending
        /// From the intended send time to the first answer that decides something (2xx, or a refusal); nil without one.
        var latency: Duration?
        /// Sends after the first.
        var retries = 0
        /// As the first answer said.
        var degradations: [Degradation] = []
    }

    /// A single send; longer than the order's own deadline, so that a frozen order is told from a slow one.
    static let attemptTimeout = Duration.seconds(3)

    let client: HTTPClient
    let orderURL: String
    /// How long after the intended time it is still sent or followed.
    let patience: Duration
    /// Half of what order allows itself: both together stay below a fifth.
    private let budget =
        (try? RetryBudget(RetryBudget.Configuration(share: 0.05, minimumPerSecond: 0.1))) ?? RetryBudget()
    private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(5), floor: .milliseconds(50))

    init(client: HTTPClient, orderURL: String, patience: Duration) {
        self.client = client
        self.orderURL = orderURL
        self.patience = patience
    }

    /// - Parameter seen: told of each request once it is answered or has failed, save looks that show nothing new.
    func run(
        _ body: [UInt8], key: String, intended: ContinuousClock.Instant, seen: (Attempt) -> Void = { _ in }
    ) async -> Result {
        let limit = intended + patience
        var result = Result(ending: .unresolved("never sent"))
        var failures = 0
        var mayHaveBeenDone = false
        budget.deposit(now: .now)
        while true {
            let verdict = await send(body, key: key) { attempt in
                mayHaveBeenDone = mayHaveBeenDone || attempt.meaning == .unknown
                seen(attempt)
            }
            var floor = 0.0
            switch verdict {
            case .ended(let ending, let order):
                result.latency = ContinuousClock.now - intended
                result.degradations = order?.degradations ?? []
                result.ending = ending
                return result
            case .follow(let order):
                result.latency = ContinuousClock.now - intended
                result.degradations = order.degradations
                result.ending = await follow(order, until: limit, seen)
                return result
            case .again(let seconds, let why):
                floor = seconds
                result.ending = .unresolved(why)
            case .turnedAway(let seconds, let code):
                floor = seconds
                result.ending = mayHaveBeenDone ? .unresolved("503 \(code)") : .refused(code: code)
                while !budget.withdraw(now: .now) {
                    // What may have been done is asked after, be it late.
                    failures += 1
                    guard mayHaveBeenDone, await pause(failures, atLeast: .seconds(floor), until: limit) else { return result }
                }
            }
            failures += 1
            guard await pause(failures, atLeast: .seconds(floor), until: limit) else { return result }
            result.retries += 1
        }
    }

    private func send(_ body: [UInt8], key: String, seen: (Attempt) -> Void) async -> Verdict {
        let headers = [(name: "Content-Type", value: "application/json"), (name: "Idempotency-Key", value: key)]
        let request = HTTPClient.Request(
            method: "POST", url: "\(orderURL)/orders", headers: headers, body: body, connectTimeout: .seconds(1),
            timeout: Self.attemptTimeout)
        let sentAt = Timestamp.now()
        do {
            let answer = OrderAnswer(try await client.send(request))
            seen(Attempt(.place, sentAt: sentAt, answer: answer))
            return Verdict(answer)
        } catch {
            seen(Attempt(.place, sentAt: sentAt, failure: error.words, neverSent: error.isUnreachable))
            if case .garbage(let what) = error { return .ended(.unexpected("not HTTP: \(what)"), nil) }
            return .again(after: 0, error.words)
        }
    }

    /// Reads the order until it is terminal.
    private func follow(
        _ order: OrderDocument, until limit: ContinuousClock.Instant, _ seen: (Attempt) -> Void
    ) async -> Ending {
        var looks = 0
        while true {
            looks += 1
            guard await pause(looks, atLeast: .zero, until: limit) else {
                return .unresolved("\(order.id) still \(order.status)")
            }
            let request = HTTPClient.Request(
                url: "\(orderURL)/orders/\(order.id)", connectTimeout: .seconds(1), timeout: Self.attemptTimeout)
            let sentAt = Timestamp.now()
            guard let answer = try? await OrderAnswer(client.send(request)), answer.status == 200,
                let ending = answer.order.flatMap(Verdict.ending)
            else { continue }
            seen(Attempt(.look, sentAt: sentAt, answer: answer))
            return ending
        }
    }

    /// False when patience would end meanwhile.
    private func pause(_ failures: Int, atLeast floor: Duration, until limit: ContinuousClock.Instant) async -> Bool {
        var chance = SystemRandomNumberGenerator()
        let delay = max(floor, backoff.delay(afterFailures: failures, using: &chance))
        guard ContinuousClock.now + delay < limit else { return false }
        return (try? await Task.sleep(for: delay)) != nil
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
