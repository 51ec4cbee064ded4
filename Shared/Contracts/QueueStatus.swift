/// What `GET /queue` answers: work only, by state.
package struct QueueStatus: Codable, Sendable, Hashable {
    package struct Counts: Codable, Sendable, Hashable {
        /// Due, and not claimed.
        package var ready: Int
        /// Being worked on.
        package var leased: Int
        /// Due later: after a failure, postponed, or behind an earlier one of the same key.
        package var delayed: Int
        /// Given up on until an operator sends them again.
        package var dead: Int

        package init(ready: Int = 0, leased: Int = 0, delayed: Int = 0, dead: Int = 0) {
            self.ready = ready
            self.leased = leased
            self.delayed = delayed
            self.dead = dead
        }
    }

    package var ready: Int
    package var leased: Int
    package var delayed: Int
    package var dead: Int
    /// The age of the oldest message that isn't dead; 0 when there is none.
    package var oldestAgeSeconds: Double
    package var byKind: [String: Counts]

    package init(
        ready: Int, leased: Int, delayed: Int, dead: Int, oldestAgeSeconds: Double, byKind: [String: Counts]
    ) {
        self.ready = ready
        self.leased = leased
        self.delayed = delayed
        self.dead = dead
        self.oldestAgeSeconds = oldestAgeSeconds
        self.byKind = byKind
    }
}

package struct DeadMessage: Codable, Sendable, Hashable {
    package var id: String
    package var kind: String
    /// What the message is about: an order id.
    package var key: String
    package var tries: Int
    package var reason: String
    package var createdAt: Timestamp

    package init(id: String, kind: String, key: String, tries: Int, reason: String, createdAt: Timestamp) {
        self.id = id
        self.kind = kind
        self.key = key
        self.tries = tries
        self.reason = reason
        self.createdAt = createdAt
    }
}

/// What `POST /queue/dead/redrive` answers: how many messages are tried again.
package struct Redriven: Codable, Sendable, Hashable {
    package var redriven: Int

    package init(redriven: Int) { self.redriven = redriven }
}
