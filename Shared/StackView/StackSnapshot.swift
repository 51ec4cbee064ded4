package import Contracts

/// What was read of all services at one time.
package struct StackSnapshot: Sendable {
    package struct Service: Sendable {
        package var name: ServiceName
        package var url: String
        /// Nil if the service isn't on this machine.
        package var process: ProcessIdentity?
        package var activity: ProcessIdentity.Activity
        /// Whether nothing listens at its address.
        var isUnreachable = false
        /// This and the following are nil without an answer in time.
        var ready: ReadyAnswer?
        var metrics: MetricsPage?
        var path: PathDocument?
        var faults: FaultStatus?
    }

    package var at: ContinuousClock.Instant
    package var wall: Timestamp
    package var services: [Service]
    /// The newest degraded orders, and those that are followed.
    package var orders: [OrderDocument] = []
}

extension StackSnapshot.Service {
    /// A service of a stack's record.
    package init(_ service: StackRecord.Service) {
        self.init(
            name: service.name, url: service.url,
            process: service.process == .elsewhere ? nil : service.process,
            activity: service.process.activity)
    }

    /// A service of which the address alone is known.
    package init(_ name: ServiceName, at url: String) {
        self.init(name: name, url: url, activity: .running)
    }
}
