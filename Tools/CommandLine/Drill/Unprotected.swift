import Contracts

extension DependencyDocument {
    /// Protections that it is declared to be without, in words. Not every lack of one is seen in an answer: a
    /// breaker that never opens costs a killed service's callers nothing.
    var unprotected: [String] {
        var found: [String] = []
        if state.breaker.control != "automatic" {
            found.append("the breaker of \(name) is off: its control is \(state.breaker.control)")
        }
        if Double(state.bulkhead.limit) > Thresholds.connections {
            let connections = Thresholds.connections.formattedWithoutZeros
            found.append(
                "the bulkhead of \(name) is off: it admits \(state.bulkhead.limit) calls at once, more than the "
                    + "\(connections) connections there are")
        }
        for number in ["timeoutMilliseconds", "attemptTimeoutMilliseconds"] {
            guard let value = policies[number], value > Thresholds.deadline else { continue }
            found.append(
                "the deadline is ignored: \(number) of \(name) is \(value.formattedWithoutZeros), more than the "
                    + "\(Thresholds.deadline.formattedWithoutZeros) ms of an order")
        }
        return found
    }
}
