import Contracts
import Resilience

/// What a load run has seen so far, written by many purchases at once.
final class Tally: Sendable {
    struct Counts {
        var sent = 0
        var inFlight = 0
        /// Sent later than intended, because too many were in flight.
        var delayed = 0
        var confirmed = 0
        var cancelled = 0
        var refused: [String: Int] = [:]
        var unresolved: [String] = []
        var unexpected: [String] = []
        var degraded: [String: Int] = [:]
        var retries = 0
        var latencies: [Duration] = []
    }

    private let state = Locked(Counts())

    var counts: Counts { state.withLock { $0 } }

    /// - Parameter isDelayed: there was no room at the intended time.
    func begin(isDelayed: Bool) {
        state.withLock {
            $0.sent += 1
            $0.inFlight += 1
            $0.delayed += isDelayed ? 1 : 0
        }
    }

    func end(_ result: Purchase.Result, key: String) {
        state.withLock {
            $0.inFlight -= 1
            $0.retries += result.retries
            for degradation in result.degradations { $0.degraded[degradation.effect.rawValue, default: 0] += 1 }
            if let latency = result.latency { $0.latencies.append(latency) }
            switch result.ending {
            case .confirmed: $0.confirmed += 1
            case .cancelled: $0.cancelled += 1
            case .refused(let code): $0.refused[code, default: 0] += 1
            case .unresolved(let why): $0.unresolved.append("\(key): \(why)")
            case .unexpected(let what): $0.unexpected.append("\(key): \(what)")
            }
        }
    }
}
