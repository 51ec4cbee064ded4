import Resilience

/// How often each client may ask: a token bucket for each address that was seen lately.
///
/// A client is a remote address as the socket has it: `X-Forwarded-For` can be forged, and isn't read. Behind
/// a proxy all of its clients are one, so the limit belongs there. Of IPv6 the first 64 bits count, since a
/// customer may choose the rest. The number of addresses is bounded, so that they don't fill the memory; when
/// all of those have asked lately, the new ones share one bucket.
final class ClientRates: Sendable {
    /// What a client has left, in the words of draft-ietf-httpapi-ratelimit-headers.
    struct Quota: Sendable {
        var isExceeded: Bool
        /// Whole seconds until it may ask again.
        var retryAfter: Int
        /// `RateLimit-Policy`
        var policy: String
        /// `RateLimit`
        var state: String
    }

    static let remembered = 10_000

    private struct State {
        var buckets: [String: TokenBucket] = [:]
        var shared: TokenBucket
    }

    private let configuration: RateLimit.Configuration
    private let fresh: TokenBucket
    private let policy: String
    private let state: Locked<State>

    /// - Parameter rate: requests a second and client.
    /// - Throws: `InvalidConfiguration` with every problem.
    init(rate: Int, burst: Int, now: ContinuousClock.Instant) throws(InvalidConfiguration) {
        configuration = RateLimit.Configuration(permits: rate, burst: burst)
        let fresh = try TokenBucket(configuration, now: now)
        self.fresh = fresh
        policy = "\"client\";q=\(burst);w=\(max(1, (burst + rate - 1) / rate))"
        state = Locked(State(shared: fresh))
    }

    /// The client that an address belongs to: itself, or its network if that is IPv6.
    static func client(_ address: String) -> String {
        let halves = address.split(separator: "%")[0].split(separator: "::", omittingEmptySubsequences: false)
        guard address.contains(":"), let first = halves.first else { return address }
        let groups = first.split(separator: ":").map(String.init)
        let last = halves.count > 1 ? halves[1].split(separator: ":").map(String.init) : []
        let zeros = Array(repeating: "0", count: max(0, 8 - groups.count - last.count))
        return (groups + zeros + last).prefix(4).joined(separator: ":")
    }

    /// Counts one request.
    func ask(_ client: String, at now: ContinuousClock.Instant) -> Quota {
        let (wait, left) = state.withLock { [fresh] state -> (Duration?, Int) in
            if state.buckets[client] == nil, state.buckets.count >= Self.remembered {
                state.buckets = state.buckets.filter { !$0.value.isFull(now: now) }
            }
            if state.buckets[client] != nil || state.buckets.count < Self.remembered {
                let wait = state.buckets[client, default: fresh].tryAcquire(now: now)
                return (wait, state.buckets[client]?.left(now: now) ?? 0)
            }
            return (state.shared.tryAcquire(now: now), state.shared.left(now: now))
        }
        let seconds = wait.map { Int($0.components.seconds) + ($0.components.attoseconds > 0 ? 1 : 0) } ?? 0
        return Quota(
            isExceeded: wait != nil, retryAfter: max(1, seconds), policy: policy,
            state: "\"client\";r=\(left)\(wait == nil ? "" : ";t=\(max(1, seconds))")")
    }
}
