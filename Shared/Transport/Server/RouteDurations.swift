import Metrics
import Resilience

/// `http_server_request_duration_seconds{method,route,status}` of one route, with its instruments created
/// once.
final class RouteDurations: Sendable {
    private let method: String
    private let path: String
    private let timers = Locked<[Int: Timer]>([:])

    init(method: String, path: String) {
        self.method = method
        self.path = path
    }

    func record(status: Int, elapsed: Duration) {
        let timer = timers.withLock { timers in
            if let timer = timers[status] { return timer }
            let timer = Timer(
                label: "http_server_request_duration_seconds",
                dimensions: [("method", method), ("route", path), ("status", "\(status)")])
            timers[status] = timer
            return timer
        }
        let (seconds, attoseconds) = elapsed.components
        timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
