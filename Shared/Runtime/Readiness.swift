import Resilience
import ServiceLifecycle

/// Whether the service takes requests: `starting` until it listens, `draining` from the first signal to stop.
final class Readiness: Service {
    enum Phase: String { case starting, serving, draining }

    private let current = Locked(Phase.starting)

    var phase: Phase { current.withLock { $0 } }

    func serve() {
        current.withLock { if $0 == .starting { $0 = .serving } }
    }

    /// Runs beside the server, listed last, so that it learns of the shutdown first.
    func run() async throws {
        try? await gracefulShutdown()
        current.withLock { $0 = .draining }
    }
}
