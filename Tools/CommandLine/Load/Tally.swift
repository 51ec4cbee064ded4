import Contracts
import Resilience

/// The counts of a load so far, updated by many purchases concurrently.
final class Tally: Sendable {
    struct Counts {
        var sent = 0
        /// Sent and not decided yet; those left at the end were interrupted.
        var unanswered = 0
        /// Accepted, and followed at the moment.
        var followed = 0
        /// Accepted, but not followed to a terminal status: too many were followed, or the load was
        /// interrupted.
        var unfollowed = 0
        /// Sent later than intended, because too many were unanswered.
        var delayed = 0
        var confirmed = 0
        var cancelled = 0
        var refused: [String: Int] = [:]
        var unresolved: [String] = []
        var unexpected: [String] = []
        var degraded: [String: Int] = [:]
        var retries = 0
        var latencies: [Duration] = []
        /// When the last one was sent, since the load began.
        var lastSent = Duration.zero
    }

    private let state = Locked(Counts())

    var counts: Counts { state.withLock { $0 } }

    /// - Parameters:
    ///   - isDelayed: there was no room at the intended time.
    ///   - time: since the load began.
    func begin(isDelayed: Bool, at time: Duration) {
        state.withLock {
            $0.sent += 1
            $0.unanswered += 1
            $0.delayed += isDelayed ? 1 : 0
            $0.lastSent = max($0.lastSent, time)
        }
    }

    /// Counts the first decisive answer, or its absence.
    ///
    /// - Returns: whether it is to be followed: accepted, while fewer than `followed` are.
    func answered(_ result: Purchase.Result, followed: Int) -> Bool {
        state.withLock {
            $0.retries += result.retries
            for degradation in result.degradations {
                $0.degraded[degradation.effect.rawValue, default: 0] += 1
            }
            if let latency = result.latency { $0.latencies.append(latency) }
            if result.ending != nil || result.accepted != nil { $0.unanswered -= 1 }
            guard result.accepted != nil, $0.followed < followed else { return false }
            $0.followed += 1
            return true
        }
    }

    /// No longer followed.
    func leave() { state.withLock { $0.followed -= 1 } }

    /// - Parameter ending: nil where it isn't known.
    func end(_ ending: Ending?, of result: Purchase.Result, key: String) {
        state.withLock {
            switch ending {
            case nil: $0.unfollowed += result.accepted == nil ? 0 : 1
            case .confirmed: $0.confirmed += 1
            case .cancelled: $0.cancelled += 1
            case .refused(let code): $0.refused[code, default: 0] += 1
            case .unresolved(let why): $0.unresolved.append("\(key): \(why)")
            case .unexpected(let what): $0.unexpected.append("\(key): \(what)")
            }
        }
    }
}
