/// A service's load shedding: the `shedder` of `GET /csp`.
package struct ShedderDocument: Codable, Sendable, Hashable {
    /// Requests that may be worked on at once, as found so far.
    package var limit: Int
    package var inFlight: Int
    /// Requests that wait for a permit.
    package var waiting: Int
    /// Since the process began, by criticality.
    package var admitted: [String: Int]
    /// Refused with 503 since the process began, by criticality.
    package var shed: [String: Int]
    /// Refused with 429 since the process began, because their client asked too often.
    package var rateLimited: Int

    package init(
        limit: Int, inFlight: Int, waiting: Int, admitted: [String: Int], shed: [String: Int],
        rateLimited: Int
    ) {
        self.limit = limit
        self.inFlight = inFlight
        self.waiting = waiting
        self.admitted = admitted
        self.shed = shed
        self.rateLimited = rateLimited
    }
}
