/// What `PUT /faults` takes: the whole set, which replaces whatever was active.
package struct FaultSet: Codable, Sendable, Hashable {
    package var faults: [FaultRequest]

    package init(faults: [FaultRequest]) { self.faults = faults }
}

/// One fault to inject; what is left out has the default that the OpenAPI document names.
package struct FaultRequest: Codable, Sendable, Hashable {
    /// `POST /redemptions`, as the route table writes it (`GET /orders/{id}`); left out: every route but the
    /// probes and the operators' own.
    package var route: String?
    /// `critical-plus`, `critical`, `sheddable-plus` or `sheddable`: only requests that count as this; left
    /// out: all.
    package var criticality: String?
    /// `latency`, `error`, `abort`, `black-hole` or `garbage`.
    package var kind: String
    /// Of a latency; of any other kind, the delay before it.
    package var milliseconds: Int?
    package var jitterMilliseconds: Int?
    /// Of the requests, 0 to 100.
    package var percent: Double?
    /// `before` the work, or `after` it.
    package var when: String?
    package var expiresInSeconds: Double?
    package var seed: UInt64?
    /// Of an error, 400 to 599.
    package var status: Int?
    /// Requests that it holds at once, at most.
    package var atMost: Int?

    package init(
        route: String? = nil, criticality: String? = nil, kind: String, milliseconds: Int? = nil,
        jitterMilliseconds: Int? = nil, percent: Double? = nil, when: String? = nil,
        expiresInSeconds: Double? = nil,
        seed: UInt64? = nil, status: Int? = nil, atMost: Int? = nil
    ) {
        self.route = route
        self.criticality = criticality
        self.kind = kind
        self.milliseconds = milliseconds
        self.jitterMilliseconds = jitterMilliseconds
        self.percent = percent
        self.when = when
        self.expiresInSeconds = expiresInSeconds
        self.seed = seed
        self.status = status
        self.atMost = atMost
    }
}

/// What `GET /faults`, `PUT /faults` and `DELETE /faults` answer: the active set and what it has done.
package struct FaultStatus: Codable, Sendable, Hashable {
    package struct Entry: Codable, Sendable, Hashable {
        /// As it was set, with every default and its seed.
        package var fault: FaultRequest
        package var remainingSeconds: Double
        /// Requests of its route and criticality while it was active.
        package var considered: Int
        /// Those that it was injected into.
        package var injected: Int
        /// Those that it holds now.
        package var running: Int

        package init(
            fault: FaultRequest, remainingSeconds: Double, considered: Int, injected: Int, running: Int
        ) {
            self.fault = fault
            self.remainingSeconds = remainingSeconds
            self.considered = considered
            self.injected = injected
            self.running = running
        }
    }

    package var faults: [Entry]

    package init(faults: [Entry]) { self.faults = faults }
}
