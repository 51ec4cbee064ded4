import Metrics
package import Resilience

extension ServiceEnvironment {
    /// For faults that are injected here: counted in `csp_faults_injected_total{kind}`.
    package func faults(named name: String) -> PolicyEnvironment {
        let counters = Dictionary(
            uniqueKeysWithValues: FaultKind.allCases.map { kind in
                (
                    kind.rawValue,
                    Counter(label: "csp_faults_injected_total", dimensions: [("kind", kind.rawValue)])
                )
            })
        return PolicyEnvironment(name: name, time: time) { event in
            if case .faultInjected(let kind) = event.kind { counters[kind]?.increment() }
        }
    }
}
