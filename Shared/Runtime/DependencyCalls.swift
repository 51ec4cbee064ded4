import Logging
import Metrics
import Resilience
import ServingPath

/// `csp_dependency_calls_total{dependency,outcome}`.
final class DependencyCalls: Sendable {
    private let counters = Locked<[String: [CallOutcome: Counter]]>([:])

    func count(_ dependency: String, _ outcome: CallOutcome) {
        let counter = counters.withLock { counters -> Counter? in
            if counters[dependency] == nil { counters[dependency] = Self.counters(dependency) }
            return counters[dependency]?[outcome]
        }
        counter?.increment()
    }

    private static func counters(_ dependency: String) -> [CallOutcome: Counter] {
        Dictionary(
            uniqueKeysWithValues: CallOutcome.allCases.map { outcome in
                let dimensions = [("dependency", dependency), ("outcome", outcome.rawValue)]
                return (outcome, Counter(label: "csp_dependency_calls_total", dimensions: dimensions))
            })
    }
}

extension Logger {
    /// A breaker that changes is news; a call that a policy refused is one of many.
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
