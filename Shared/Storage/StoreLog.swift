import Logging
import Resilience

/// Tells the operator when the store can't be written, what to do, and when it can be written again.
final class StoreLog: Sendable {
    private struct State {
        /// When an outage that passes was last logged; nil once its end was.
        var outage: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?
    }

    private let logger = Logger(label: "store")
    private let path: String
    private let state = Locked(State())

    init(path: String) { self.path = path }

    /// An outage that comes and goes is logged once a minute at most.
    func changed(to health: StoreHealth) {
        switch health {
        case .failed(let reason):
            logger.critical(
                """
                the disk failed while writing: nothing more is written, nothing confirmed, until a restart; \
                look at the disk first, then restart the service, which checks its file
                """, metadata: ["path": "\(path)", "reason": "\(reason)"])
        case .damaged(let reason):
            logger.critical(
                """
                the store failed: nothing more is written, nothing confirmed; \
                a restart won't take this file
                """,
                metadata: ["path": "\(path)", "reason": "\(reason)"])
        case .unavailable(let reason):
            let now = ContinuousClock.now
            let isNews = state.withLock { state in
                if let last = state.last, last.duration(to: now) < .seconds(60) { return false }
                state.last = now
                state.outage = now
                return true
            }
            guard isNews else { return }
            logger.error(
                """
                nothing can be written for now, and nothing is confirmed; \
                it is tried again with every write
                """,
                metadata: ["path": "\(path)", "reason": "\(reason)"])
        case .healthy:
            guard let outage = state.withLock({ $0.outage.take() }) else { return }
            logger.notice(
                "written again", metadata: ["path": "\(path)", "after": "\(outage.duration(to: .now))"])
        case .full: break
        }
    }
}
