import Contracts

/// What was read of all services at one time.
struct StackSnapshot: Sendable {
    struct Service: Sendable {
        var name: ServiceName
        var url: String
        /// Nil if the service isn't on this machine.
        var process: ProcessIdentity?
        var activity: ProcessIdentity.Activity
        /// This and the following are nil without an answer in time.
        var ready: ReadyAnswer?
        var metrics: MetricsPage?
        var path: PathDocument?
    }

    var at: ContinuousClock.Instant
    var wall: Timestamp
    var services: [Service]
    /// The newest orders.
    var orders: [OrderDocument] = []
    /// Timelines of the followed orders, by id.
    var timelines: [String: [TimelineEntry]] = [:]
}
