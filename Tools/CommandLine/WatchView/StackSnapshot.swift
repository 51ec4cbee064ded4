import Contracts

/// What one look at the services has seen.
struct StackSnapshot: Sendable {
    struct Service: Sendable {
        var name: ServiceName
        var url: String
        /// Nil where it isn't this machine's to know.
        var process: ProcessIdentity?
        var activity: ProcessIdentity.Activity
        /// Nil without an answer in time; so too the others.
        var ready: ReadyAnswer?
        var metrics: MetricsPage?
        var path: PathDocument?
    }

    var at: ContinuousClock.Instant
    var wall: Timestamp
    var services: [Service]
    /// The newest.
    var orders: [OrderDocument] = []
    /// Of orders that were followed, by id.
    var timelines: [String: [TimelineEntry]] = [:]
}
