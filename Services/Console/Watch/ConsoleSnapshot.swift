import Contracts
import Runtime
import StackView

/// What `GET /api/snapshot` answers. Rates are those of the last three seconds; null is unknown.
struct ConsoleSnapshot: Encodable {
    struct Service: Encodable {
        var name: String
        /// `ready`, `starting`, `draining`, `frozen`, `dead`; `unknown` where it runs and doesn't answer.
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

    struct OpenIncident: Encodable {
        var id: String
        var title: String
        var priority: Incident.Priority
        var status: Incident.Status
        var cause: String
        var startedAt: Timestamp
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
    var orders: OrderRates
    /// A second, by criticality, of the services that answer.
    var shed: [String: Double]
    var faults: [ActiveFault]
    /// Whether the services take faults (`FAULTS_ENABLED`).
    var faultsAllowed: Bool
    /// Open ones, the oldest first.
    var incidents: [OpenIncident]
    var recent: [Order]
    /// The figures of this second for the history.
    var point: HistoryPoint

    struct Words: Encodable {
        var en: String
        var ko: String
    }
}

/// Orders a second, by what became of them; null while order doesn't answer.
struct OrderRates: Encodable {
    @Nullable var confirmed: Double?
    @Nullable var accepted: Double?
    @Nullable var rejected: Double?
    @Nullable var cancelled: Double?
    /// 503.
    @Nullable var refused: Double?
}

/// A fault that is injected, or a process that is gone or stopped.
struct ActiveFault: Codable, Hashable {
    var service: String
    /// Of `PUT /faults`, or `killed`, `frozen`.
    var kind: String
    @Nullable var route: String?
    @Nullable var remainingSeconds: Double?
}

/// One second of the history.
struct HistoryPoint: Encodable, Sendable {
    var at: Timestamp
    var orders: OrderRates
    @Nullable var p50Milliseconds: Double?
    @Nullable var p99Milliseconds: Double?
    var shed: [String: Double]
    /// Of the services that answer; null where none does.
    @Nullable var queued: Int?
    @Nullable var oldestAgeSeconds: Double?
    /// Services whose queues aren't known.
    var queuedWithout: [String]
    var faults: [ActiveFault]
    /// Those that are open.
    var incidents: [Incident]

    struct Incident: Codable, Hashable {
        var id: String
        var title: String
        var startedAt: Timestamp
    }
}
