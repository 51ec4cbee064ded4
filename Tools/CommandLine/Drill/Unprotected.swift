import Contracts

extension DependencyDocument {
    /// Protections that are declared off, as text. Answers don't always show it: a breaker that never opens
    /// costs nothing while a killed service refuses connections.
    var unprotected: [String] {
        var found: [String] = []
        if state.breaker.control != "automatic" {
            found.append("the breaker of \(name) is off: its control is \(state.breaker.control)")
        }
        if Double(state.bulkhead.limit) > Thresholds.connections {
            let connections = Thresholds.connections.formattedWithoutZeros
            found.append(
                """
                the bulkhead of \(name) is off: it admits \(state.bulkhead.limit) calls at once, more than \
                the \(connections) connections there are
                """)
        }
        for number in ["timeoutMilliseconds", "attemptTimeoutMilliseconds"] {
            guard let value = policies[number], value > Thresholds.deadline else { continue }
            found.append(
                """
                the deadline is ignored: \(number) of \(name) is \(value.formattedWithoutZeros), more than \
                the \(Thresholds.deadline.formattedWithoutZeros) ms of an order
                """)
        }
        return found
    }
}
