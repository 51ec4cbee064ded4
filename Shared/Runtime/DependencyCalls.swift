import Logging
import Metrics
import Resilience
import ServingPath

/// `csp_dependency_calls_total{dependency,outcome}`, and `csp_dependency_call_duration_seconds{dependency}`
/// of the calls that were made: how long the caller waited, including all tries and the waits for a permit.
final class DependencyCalls: Sendable {
    private struct Instruments {
        var calls: [CallOutcome: Counter]
        var duration: Timer

        init(_ dependency: String) {
            calls = Dictionary(
                uniqueKeysWithValues: CallOutcome.allCases.map { outcome in
                    let dimensions = [("dependency", dependency), ("outcome", outcome.rawValue)]
                    return (outcome, Counter(label: "csp_dependency_calls_total", dimensions: dimensions))
                })
            duration = Timer(
                label: "csp_dependency_call_duration_seconds", dimensions: [("dependency", dependency)])
        }
    }

    private let instruments = Locked<[String: Instruments]>([:])

    func count(_ dependency: String, _ outcome: CallOutcome, after elapsed: Duration) {
        let (counter, timer) = instruments.withLock { instruments -> (Counter?, Timer?) in
            if instruments[dependency] == nil { instruments[dependency] = Instruments(dependency) }
            return (instruments[dependency]?.calls[outcome], instruments[dependency]?.duration)
        }
        counter?.increment()
        guard outcome != .rejected else { return }
        timer?.recordNanoseconds(Int64(elapsed / .nanoseconds(1)))
    }
}

extension Logger {
    /// A breaker's change of phase is news; a call that a policy refused is one of many.
    func log(_ event: PolicyEvent) {
        switch event.kind {
        case .breakerChanged(let from, let to, let reason):
            notice(
                "breaker \(to.rawValue)",
                metadata: ["dependency": "\(event.name)", "from": "\(from.rawValue)", "reason": "\(reason)"])
        default:
            debug("policy", metadata: ["dependency": "\(event.name)", "event": "\(event.kind)"])
        }
    }
}
