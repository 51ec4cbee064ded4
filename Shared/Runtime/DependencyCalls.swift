import Logging
import Metrics
import Resilience
import ServingPath

/// What is counted of calls to dependencies: ``MetricHelp`` says what each means.
final class DependencyCalls: Sendable {
    private struct Instruments {
        var calls: [CallOutcome: Counter]
        var duration: Timer
        var fallbacks: Counter

        init(_ dependency: String) {
            calls = Dictionary(
                uniqueKeysWithValues: CallOutcome.allCases.map { outcome in
                    let dimensions = [("dependency", dependency), ("outcome", outcome.rawValue)]
                    return (outcome, Counter(label: "csp_dependency_calls_total", dimensions: dimensions))
                })
            duration = Timer(
                label: "csp_dependency_call_duration_seconds", dimensions: [("dependency", dependency)])
            fallbacks = Counter(label: "csp_fallbacks_total", dimensions: [("dependency", dependency)])
        }
    }

    private let instruments = Locked<[String: Instruments]>([:])
    private let retries = Locked<[String: Counter]>([:])

    func count(_ dependency: String, _ outcome: CallOutcome, after elapsed: Duration) {
        let instruments = instruments(of: dependency)
        instruments.calls[outcome]?.increment()
        if outcome == .unavailable || outcome == .rejected { instruments.fallbacks.increment() }
        guard outcome != .rejected else { return }
        instruments.duration.recordNanoseconds(Int64(elapsed / .nanoseconds(1)))
    }

    func count(_ event: PolicyEvent) {
        guard case .retrying = event.kind else { return }
        let dependency = event.dependency
        let counter = retries.withLock { retries in
            if let known = retries[dependency] { return known }
            let new = Counter(label: "csp_retries_total", dimensions: [("dependency", dependency)])
            retries[dependency] = new
            return new
        }
        counter.increment()
    }

    private func instruments(of dependency: String) -> Instruments {
        instruments.withLock { instruments in
            if let known = instruments[dependency] { return known }
            let new = Instruments(dependency)
            instruments[dependency] = new
            return new
        }
    }
}

extension PolicyEvent {
    /// A policy on the path is called `dependency.operation@criticality`.
    fileprivate var dependency: String { String(name.prefix { $0 != "." }) }
}

extension Logger {
    /// A breaker that opens is a warning, its other phases are news; a call that a policy refused is one of
    /// many.
    func log(_ event: PolicyEvent) {
        switch event.kind {
        case .breakerChanged(let from, let to, let reason):
            log(
                level: to == .open ? .warning : .notice, "breaker \(to.rawValue)",
                metadata: [
                    "dependency": "\(event.dependency)", "policy": "\(event.name)",
                    "from": "\(from.rawValue)", "reason": "\(reason)",
                ])
        default:
            debug("policy", metadata: ["policy": "\(event.name)", "event": "\(event.kind)"])
        }
    }
}
