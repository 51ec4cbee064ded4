/// What to read when something is wrong, in `Docs/runbooks`.
package enum Runbook {
    /// - Parameters:
    ///   - symptoms: of an incident: kinds that the console detects, or names of alerts, which are those of
    ///     their runbooks.
    ///   - priority: of the incident; P1 is what customers can't buy without.
    /// - Returns: files, in the symptoms' order.
    package static func files(_ symptoms: [String], priority: String) -> [String] {
        let prefix = priority == "P1" ? "Critical" : "Optional"
        var names: [String] = []
        for symptom in symptoms {
            let name =
                switch symptom {
                case "service-down": prefix + "ServiceDown"
                case "breaker-open": prefix + "BreakerOpen"
                case "dependency-failing": "DependencyFailing"
                case "orders-refused": "OrderBudgetBurningFast"
                case "critical-shed": "CriticalTrafficShed"
                case "orders-fallen": "OrdersFallen"
                case "payments-fallen": "PaymentsFallen"
                case "queue-lagging": "QueueLagging"
                case "dead-letters": "DeadLetters"
                case "storage-nearly-full": "StorageNearlyFull"
                case "orders-degraded": "FallbacksSurging"
                default: symptom
                }
            if !names.contains(name) { names.append(name) }
        }
        return names.map { "Docs/runbooks/\($0).md" }
    }
}
