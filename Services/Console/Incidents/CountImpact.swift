import Contracts
import Logging
import Resilience
import Runtime
import ServiceLifecycle

/// Counts what incidents cost, from the degraded orders, until nothing is owed any more.
struct CountImpact: Service {
    private static let pause: Duration = .seconds(2)
    /// Counting takes at most this share of the time.
    private static let share = 0.1
    /// After its end an incident is counted for at least this long.
    private static let after: Duration = .seconds(30)

    let store: IncidentStore
    let orders: OrderPages
    let graph: @Sendable () -> PathGraph
    let time: TimeSource
    let wall: @Sendable () -> Timestamp
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let start = time.now()
                do {
                    try await count()
                } catch {
                    logger.warning("an impact could not be counted", metadata: ["error": "\(error)"])
                }
                try? await time.sleep(max(Self.pause, start.duration(to: time.now()) / Self.share))
            }
        }
    }

    func count() async throws {
        let incidents = try await store.counting()
        guard !incidents.isEmpty else { return }
        let graph = graph()
        var counts = incidents.map { incident, floor in
            ImpactCount(
                incident, floor: floor, entry: graph.entry,
                others: Set(incidents.filter { $0.incident.overlaps(incident) }.map(\.incident.cause)))
        }
        let start = counts.map(\.start).min() ?? wall()
        try await orders.degraded(since: start) { order in
            for index in counts.indices { counts[index].add(order) }
        }
        for ((incident, _), count) in zip(incidents, counts) {
            let isOver = incident.resolvedAt.map { $0.advanced(by: Self.after) <= wall() } ?? false
            let isFinal = isOver && count.owed == 0
            var counted = incident
            counted.set(count)
            if counted != incident || isFinal {
                try await store.save(count, of: incident.id, isFinal: isFinal)
            }
        }
    }
}

extension Incident {
    /// Whether it is another one, and both went on at one time.
    fileprivate func overlaps(_ other: Incident) -> Bool {
        let isEarlier = resolvedAt.map { $0 < other.startedAt } ?? false
        let isLater = other.resolvedAt.map { $0 < startedAt } ?? false
        return cause != other.cause && !isEarlier && !isLater
    }
}
