public import Resilience

/// The numbers of all policies around one dependency. They can be replaced while the service runs.
public struct Protection: PolicyConfiguration {
    /// How long one call of a customer takes at most, all tries together, once it has its permit of the
    /// bulkhead (whose own longest wait comes before). Above zero; the caller's deadline counts if it is
    /// earlier.
    public var timeout: Duration
    /// The longest try while a customer waits. Above zero.
    public var attemptTimeout: Duration
    /// The longest call of the queue, the wait for its permit included. Above zero. Keep it below the
    /// breaker's probe timeout: a probe that ends later counts for nothing.
    public var queueTimeout: Duration
    /// Tries while a customer waits, and the waits between them.
    public var retry: Retry.Configuration
    /// What the tries after the first may add up to, over all calls.
    public var retryBudget: RetryBudget.Configuration
    /// How many calls of one operation and criticality may be under way at once.
    public var bulkhead: Bulkhead.Configuration
    /// When calls of one operation and criticality are not made at all.
    public var breaker: CircuitBreaker.Configuration

    /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made with
    /// them.
    public init(
        timeout: Duration, attemptTimeout: Duration, queueTimeout: Duration, retry: Retry.Configuration,
        retryBudget: RetryBudget.Configuration = .init(), bulkhead: Bulkhead.Configuration,
        breaker: CircuitBreaker.Configuration
    ) {
        self.timeout = timeout
        self.attemptTimeout = attemptTimeout
        self.queueTimeout = queueTimeout
        self.retry = retry
        self.retryBudget = retryBudget
        self.bulkhead = bulkhead
        self.breaker = breaker
    }

    public static var policy: String { "Protection" }

    public var problems: [String] {
        let timeouts = [
            ("timeout", timeout), ("attemptTimeout", attemptTimeout), ("queueTimeout", queueTimeout),
        ]
        return timeouts.flatMap { name, limit in
            Timeout.Configuration(limit: limit).problems.map { name + $0.dropFirst("limit".count) }
        }
            + retry.problems.map { "retry: \($0)" } + retryBudget.problems.map { "retryBudget: \($0)" }
            + bulkhead.problems.map { "bulkhead: \($0)" } + breaker.problems.map { "breaker: \($0)" }
    }

    /// The same with every protection off, for comparison: no breaker, no bulkhead, one try, 30 s.
    public var switchedOff: Protection {
        var naive = self
        naive.timeout = .seconds(30)
        naive.attemptTimeout = .seconds(30)
        naive.queueTimeout = .seconds(30)
        naive.retry.attempts = 1
        naive.bulkhead = Bulkhead.Configuration(limit: 100_000)
        return naive
    }
}
