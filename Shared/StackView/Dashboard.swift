package import Contracts

/// The state of a stack, to be shown or printed as JSON. Rates and latencies cover the last three seconds.
/// Nil means unknown: the figures of a silent service are, and its age says since when.
package struct Dashboard: Encodable, Sendable, Equatable {
    /// A service's state; `silent` runs and doesn't answer, `degraded` is ready but lacks a dependency or
    /// sheds.
    package enum Condition: String, Encodable {
        case ready, degraded, starting, draining, silent, frozen, dead

        /// Whether it takes requests.
        package var isUp: Bool { self == .ready || self == .degraded }
    }

    package struct Latency: Encodable, Equatable {
        package var p50Milliseconds: Double
        package var p99Milliseconds: Double
    }

    package struct Orders: Encodable, Equatable {
        /// `POST /orders`, whatever the answer.
        package var answeredPerSecond: Double
        /// Those of them that were answered 503.
        package var unservedPerSecond: Double
        /// By the status that orders reached: confirmed (at once or later), accepted, rejected, cancelled.
        package var perSecond: [String: Double]
        /// Latency of `POST /orders`.
        package var latency: Latency?
    }

    /// Counters, which begin again with their process; nil while it doesn't answer.
    package struct Totals: Encodable, Equatable {
        /// `POST /orders` that were answered 201 or 202.
        package var placed: Double?
        /// `POST /orders` that were answered 503.
        package var unserved: Double?
        /// Payments.
        package var captured: Double?

        package init() {}
    }

    package struct Shedding: Encodable, Equatable {
        package var limit: Int
        package var inFlight: Int
        package var waiting: Int
        /// By criticality.
        package var shedPerSecond: [String: Double]
        package var rateLimitedPerSecond: Double
    }

    package struct Service: Encodable, Equatable {
        package var name: ServiceName
        package var url: String
        package var pid: Int32?
        package var state: Condition
        /// When it was first seen in that state.
        package var since: Timestamp?
        /// Seconds since its last answer; nil if it never answered. After one second its figures are unknown.
        package var ageSeconds: Double?
        package var upSeconds: Double?
        package var requestsPerSecond: Double?
        package var latency: Latency?
        package var queued: Int?
        package var oldestSeconds: Double?
        package var deadLetters: Int?
        /// Messages by state.
        package var messages: [String: Int]?
        package var shedding: Shedding?
        /// Of the disk that its store is on.
        package var freeBytes: Double?
        package var faults: [FaultStatus.Entry]?

        package var isShedding: Bool { (shedding?.shedPerSecond.values.reduce(0, +) ?? 0) > 0 }
    }

    package struct Dependency: Encodable, Equatable {
        /// The service that calls it.
        package var from = ServiceName.order
        package var name: String
        package var role: DependencyDocument.Role
        /// `closed`, `open`, `half-open`; ``unknown`` while its caller doesn't answer.
        package var breaker: String
        /// Seconds since the answer of its caller; after one second it is ``unknown``.
        package var ageSeconds: Double?
        /// The rest of the open duration.
        package var retryAfterMilliseconds: Int?
        package var inUse: Int?
        package var limit: Int?
        /// By outcome: ok, refused, unavailable, rejected.
        package var callsPerSecond: [String: Double]
        package var latency: Latency?
        package var lastFailure: FailureDocument?
        package var criticality = ""
        /// What a customer gets while it can't be had, as it is declared, by language.
        package var effect: [String: String] = [:]

        package static let unknown = "unknown"
    }

    package var at: Timestamp
    package var orders: Orders?
    package var totals = Totals()
    package var services: [Service]
    /// The dependencies of all services.
    package var dependencies: [Dependency]
    /// Newest first.
    package var events: [WatchEvent]
}
