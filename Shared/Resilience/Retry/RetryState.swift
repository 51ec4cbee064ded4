/// One call between two tries: whether there is another, and how long to wait for it.
struct RetryState: Sendable {
    enum Decision: Sendable, Hashable {
        case wait(Duration)
        case giveUp
    }

    let configuration: Retry.Configuration
    /// The try that is running, or ended last; counted from 1.
    private(set) var attempt = 1
    private var previous: Duration?

    init(_ configuration: Retry.Configuration) { self.configuration = configuration }

    /// The decision after a failed try. The budget is not asked here: it is shared, and only a retry that all
    /// other conditions allow may be charged to it.
    mutating func failed(
        _ disposition: Disposition, deadline: Deadline?, now: ContinuousClock.Instant, random: RandomSource
    ) -> Decision {
        guard disposition.isRetryable, attempt < configuration.attempts else { return .giveUp }
        let asked = max(.zero, disposition.retryAfter ?? .zero)
        let cap = configuration.backoff.cap
        // A dependency must not decide how long a caller, with all that it holds, waits: what it asks for has
        // to fit below the cap, or there is no other try.
        guard asked <= cap else { return .giveUp }
        let bounds = configuration.backoff.bounds(afterFailures: attempt, previous: previous)
        let room = min(bounds.lowerBound, cap - asked)...min(bounds.upperBound, cap - asked)
        // Added to what was asked for: clients that were all told "in a second" must not all come in a
        // second.
        let backoff = random.duration(in: room)
        let delay = asked + backoff
        if let deadline, deadline.remaining(at: now) <= delay + configuration.minimumAttempt {
            return .giveUp
        }
        attempt += 1
        previous = backoff
        return .wait(delay)
    }
}
