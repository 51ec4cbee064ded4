/// What `GET /csp` answers: what the service depends on, and how that is doing.
package struct PathDocument: Codable, Sendable, Hashable {
    package var service: String
    package var dependencies: [DependencyDocument]
    /// What is shed when requests are too many; null where nothing is.
    @Nullable package var shedder: ShedderDocument?
    /// How far its own store has come, on disk.
    package var store: StoreMark
    /// How far other services' stores had come when it last heard of them.
    package var peers: [ServiceStore]

    package init(
        service: String, dependencies: [DependencyDocument], shedder: ShedderDocument? = nil,
        store: StoreMark = StoreMark(id: "none"), peers: [ServiceStore] = []
    ) {
        self.service = service
        self.dependencies = dependencies
        self.shedder = shedder
        self.store = store
        self.peers = peers
    }
}

/// One dependency as it is declared, with its numbers and its state.
package struct DependencyDocument: Codable, Sendable, Hashable {
    package enum Role: String, Codable, Sendable, Hashable {
        /// Its calls may fail the purchase, or leave it to be finished later.
        case critical
        /// Its calls can't: something else is done instead.
        case optional
    }

    /// The state of the highest criticality with calls so far: what a purchase meets. Each operation's own is
    /// in its `traffic`.
    package struct State: Codable, Sendable, Hashable {
        package var breaker: BreakerDocument
        package var bulkhead: BulkheadDocument
        /// Calls since the process began, by outcome: `ok`, `refused`, `unavailable`, `rejected`.
        package var calls: [String: Int]
        @Nullable package var lastFailure: FailureDocument?

        package init(
            breaker: BreakerDocument, bulkhead: BulkheadDocument, calls: [String: Int],
            lastFailure: FailureDocument?
        ) {
            self.breaker = breaker
            self.bulkhead = bulkhead
            self.calls = calls
            self.lastFailure = lastFailure
        }
    }

    package var name: String
    package var role: Role
    /// One of the four classes.
    package var criticality: String
    /// What it is asked for.
    package var operations: [OperationDocument]
    /// What happens instead when it can't be had.
    package var fallback: String
    /// What the customer notices of that.
    package var effect: String
    /// The same in other languages, by their tags: `ko`.
    package var effectTranslations: [String: String]
    /// Its numbers by name, durations in milliseconds; `PATCH /csp/dependencies/{name}` takes any of them.
    package var policies: [String: Double]
    package var state: State

    package init(
        name: String, role: Role, criticality: String, operations: [OperationDocument], fallback: String,
        effect: String, effectTranslations: [String: String] = [:],
        policies: [String: Double], state: State
    ) {
        self.name = name
        self.role = role
        self.criticality = criticality
        self.operations = operations
        self.fallback = fallback
        self.effect = effect
        self.effectTranslations = effectTranslations
        self.policies = policies
        self.state = state
    }
}

/// One thing that a dependency is asked for. Each criticality has a breaker, a bulkhead and a retry budget of
/// its own.
package struct OperationDocument: Codable, Sendable, Hashable {
    /// As it is declared: `redeem`.
    package var name: String
    /// How the dependency calls it, as its faults do: `POST /redemptions`.
    @Nullable package var route: String?
    /// For each criticality with calls so far, the lowest first.
    package var traffic: [TrafficDocument]

    package init(name: String, route: String?, traffic: [TrafficDocument]) {
        self.name = name
        self.route = route
        self.traffic = traffic
    }
}

/// The calls of one operation at one criticality.
package struct TrafficDocument: Codable, Sendable, Hashable {
    package var criticality: String
    package var breaker: BreakerDocument
    package var bulkhead: BulkheadDocument
    /// Calls since the process began, by outcome.
    package var calls: [String: Int]
    @Nullable package var lastFailure: FailureDocument?

    package init(
        criticality: String, breaker: BreakerDocument, bulkhead: BulkheadDocument, calls: [String: Int],
        lastFailure: FailureDocument?
    ) {
        self.criticality = criticality
        self.breaker = breaker
        self.bulkhead = bulkhead
        self.calls = calls
        self.lastFailure = lastFailure
    }
}

package struct BreakerDocument: Codable, Sendable, Hashable {
    /// `closed`, `open` or `half-open`.
    package var state: String
    /// `automatic`, `forced-open`, `forced-closed` or `observing`.
    package var control: String
    /// Why it is in this state, in words.
    package var reason: String
    package var calls: Int
    package var failures: Int
    package var slowCalls: Int
    /// What is left of the open duration; null unless that ends by itself.
    @Nullable package var retryAfterMilliseconds: Int?

    package init(
        state: String, control: String, reason: String, calls: Int, failures: Int, slowCalls: Int,
        retryAfterMilliseconds: Int?
    ) {
        self.state = state
        self.control = control
        self.reason = reason
        self.calls = calls
        self.failures = failures
        self.slowCalls = slowCalls
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}

package struct BulkheadDocument: Codable, Sendable, Hashable {
    package var inUse: Int
    package var limit: Int
    package var waiting: Int

    package init(inUse: Int, limit: Int, waiting: Int) {
        self.inUse = inUse
        self.limit = limit
        self.waiting = waiting
    }
}

/// Why the last call without an answer had none.
package struct FailureDocument: Codable, Sendable, Hashable {
    package var reason: String
    package var at: Timestamp

    package init(reason: String, at: Timestamp) {
        self.reason = reason
        self.at = at
    }
}

/// What `PATCH /csp/dependencies/{name}` takes; what is left out stays as it is.
package struct DependencyChange: Codable, Sendable, Hashable {
    /// Numbers by name, as `policies` has them.
    package var policies: [String: Double]?
    /// Who decides what the breaker does: `automatic`, `forced-open`, `forced-closed`, `observing`.
    package var control: String?

    package init(policies: [String: Double]? = nil, control: String? = nil) {
        self.policies = policies
        self.control = control
    }
}
