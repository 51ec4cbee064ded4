import Contracts

/// The state of a stack, to be shown or printed as JSON. Rates and latencies cover the last three seconds.
/// Nil means unknown: the figures of a silent service are, and its age says since when.
struct Dashboard: Encodable, Sendable, Equatable {
    /// A service's state; `silent` runs and doesn't answer, `degraded` is ready but lacks a dependency or
    /// sheds.
    enum Condition: String, Encodable {
        case ready, degraded, starting, draining, silent, frozen, dead

        /// Whether it takes requests.
        var isUp: Bool { self == .ready || self == .degraded }
    }

    struct Latency: Encodable, Equatable {
        var p50Milliseconds: Double
        var p99Milliseconds: Double
    }

    struct Orders: Encodable, Equatable {
        /// `POST /orders`, whatever the answer.
        var answeredPerSecond: Double
        /// Those of them that were answered 503.
        var unservedPerSecond: Double
        /// By the status that orders reached: confirmed (at once or later), accepted, rejected, cancelled.
        var perSecond: [String: Double]
        /// Latency of `POST /orders`.
        var latency: Latency?
    }

    struct Shedding: Encodable, Equatable {
        var limit: Int
        var inFlight: Int
        var waiting: Int
        /// By criticality.
        var shedPerSecond: [String: Double]
        var rateLimitedPerSecond: Double
    }

    struct Service: Encodable, Equatable {
        var name: ServiceName
        var url: String
        var pid: Int32?
        var state: Condition
        /// Seconds since its last answer; nil if it never answered. After one second its figures are unknown.
        var ageSeconds: Double?
        var upSeconds: Double?
        var requestsPerSecond: Double?
        var latency: Latency?
        var queued: Int?
        var oldestSeconds: Double?
        var deadLetters: Int?
        var shedding: Shedding?

        var isShedding: Bool { (shedding?.shedPerSecond.values.reduce(0, +) ?? 0) > 0 }
    }

    struct Dependency: Encodable, Equatable {
        var name: String
        var role: DependencyDocument.Role
        /// `closed`, `open`, `half-open`; ``unknown`` while order doesn't answer.
        var breaker: String
        /// Seconds since the answer of order; after one second it is ``unknown``.
        var ageSeconds: Double?
        /// The rest of the open duration.
        var retryAfterMilliseconds: Int?
        var inUse: Int?
        var limit: Int?
        /// By outcome: ok, refused, unavailable, rejected.
        var callsPerSecond: [String: Double]
        var latency: Latency?
        var lastFailure: FailureDocument?

        static let unknown = "unknown"
    }

    var at: Timestamp
    var orders: Orders?
    var services: [Service]
    /// The dependencies of order.
    var dependencies: [Dependency]
    /// Newest first.
    var events: [WatchEvent]
}
