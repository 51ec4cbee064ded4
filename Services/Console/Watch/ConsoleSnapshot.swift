import Contracts
import Runtime
import StackView

/// What `GET /api/snapshot` answers. Rates are those of the last three seconds; null is unknown.
struct ConsoleSnapshot: Encodable {
    struct Service: Encodable {
        var name: String
        /// `ready`, `degraded`, `starting`, `draining`, `silent`, `frozen`, `dead`.
        var state: String
        @Nullable var since: Timestamp?
        /// Since its last answer; null if there was none.
        @Nullable var ageSeconds: Double?
        @Nullable var requestsPerSecond: Double?
        @Nullable var p99Milliseconds: Double?
    }

    struct Dependency: Encodable {
        var from: String
        var to: String
        var role: String
        var criticality: String
        var breaker: String
        @Nullable var bulkhead: Bulkhead?
        @Nullable var p50Milliseconds: Double?
        @Nullable var p99Milliseconds: Double?
        @Nullable var callsPerSecond: Double?
        @Nullable var failuresPerSecond: Double?
        @Nullable var fallbacksPerSecond: Double?
    }

    struct Bulkhead: Codable, Hashable {
        var inUse: Int
        var limit: Int
    }

    struct Queue: Encodable {
        var service: String
        var ready: Int
        var leased: Int
        var delayed: Int
        var dead: Int
        var oldestAgeSeconds: Double
    }

    struct Order: Encodable {
        var orderId: String
        var at: Timestamp
        var status: String
        var degradations: [Degradation]
        /// Whether nothing is left to be made good.
        var repaired: Bool
        var updatedAt: Timestamp
    }

    var at: Timestamp
    var mode: String
    /// What starts and stops the services: `csp` or `compose`.
    var control: String
    var sentence: Words
    var level: Sentence.Level
    /// Since when the sentence has been so.
    var since: Timestamp
    var services: [Service]
    var dependencies: [Dependency]
    var queues: [Queue]
    /// A second, by outcome.
    var orders: [String: Double]
    /// A second, by criticality.
    var shed: [String: Double]
    var faults: [ActiveFault]
    /// Open ones.
    var incidents: [String] = []
    var recent: [Order]
    /// The figures of this second for the history.
    var point: HistoryPoint

    struct Words: Encodable {
        var en: String
        var ko: String
    }
}

/// A fault that is injected, or a process that is gone or stopped.
struct ActiveFault: Codable, Hashable {
    var service: String
    /// Of `PUT /faults`, or `killed`, `frozen`, `silent`.
    var kind: String
    @Nullable var route: String?
    @Nullable var remainingSeconds: Double?
}

/// One second of the history.
struct HistoryPoint: Encodable, Sendable {
    var at: Timestamp
    var orders: [String: Double]
    @Nullable var p50Milliseconds: Double?
    @Nullable var p99Milliseconds: Double?
    var shed: [String: Double]
    var queued: Int
    var oldestAgeSeconds: Double
    var faults: [ActiveFault]
}
