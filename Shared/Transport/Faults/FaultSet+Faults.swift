package import Contracts
package import Resilience
import ServingPath

extension FaultSet {
    /// The policy's faults, once they are checked.
    package var policies: [Fault] { faults.compactMap(Fault.init) }

    /// Reports everything that is wrong: a fault that silently does nothing is no experiment.
    ///
    /// - Parameter refusal: why a route can't have faults; nil if it can.
    package func check(_ check: inout FieldCheck, route refusal: (String) -> String?) {
        check(faults.count <= 100, "/faults", "must have at most 100 entries")
        for (index, fault) in faults.prefix(100).enumerated() {
            let pointer = "/faults/\(index)"
            fault.check(&check, at: pointer)
            if let route = fault.route, let refusal = refusal(route) {
                check(false, "\(pointer)/route", refusal)
            }
        }
    }
}

extension FaultRequest {
    fileprivate func check(_ check: inout FieldCheck, at pointer: String) {
        let kinds = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
        check(FaultKind(rawValue: kind) != nil, "\(pointer)/kind", "must be one of \(kinds)")
        let classes = Criticality.allCases.map(\.rawValue).joined(separator: ", ")
        check(
            criticality.map { Criticality(rawValue: $0) != nil } ?? true, "\(pointer)/criticality",
            "must be one of \(classes)")
        let phases = Fault.Phase.allCases.map(\.rawValue).joined(separator: " or ")
        check(when.map { Fault.Phase(rawValue: $0) != nil } ?? true, "\(pointer)/when", "must be \(phases)")
        let milliseconds = milliseconds ?? 0
        let shortest = kind == FaultKind.latency.rawValue ? 1 : 0
        check.number(milliseconds, in: shortest...3_600_000, "\(pointer)/milliseconds")
        check(
            (0...max(0, milliseconds)).contains(jitterMilliseconds ?? 0), "\(pointer)/jitterMilliseconds",
            "must be from 0 to milliseconds")
        check((0...100).contains(percent ?? 100), "\(pointer)/percent", "must be from 0 to 100")
        let expires = expiresInSeconds ?? 60
        check(
            expires > 0 && expires <= 86_400, "\(pointer)/expiresInSeconds", "must be above 0, at most 86400")
        if let status { check.number(status, in: 400...599, "\(pointer)/status") }
        if let atMost { check.number(atMost, in: 1...1_000_000, "\(pointer)/atMost") }
    }

    init(_ fault: Fault) {
        self.init(
            route: fault.route, criticality: fault.priority.map { Criticality($0).rawValue },
            kind: fault.kind.rawValue,
            milliseconds: Int(fault.delay.wholeMilliseconds),
            jitterMilliseconds: Int(fault.jitter.wholeMilliseconds),
            percent: fault.percent, when: fault.when.rawValue,
            expiresInSeconds: fault.expiresIn / .seconds(1), seed: fault.seed,
            status: fault.status ?? (fault.kind == .error ? InjectedAnswer.defaultStatus : nil),
            atMost: fault.atMost)
    }
}

extension Fault {
    /// Nil for an unknown kind, time or criticality.
    fileprivate init?(_ request: FaultRequest) {
        guard let kind = FaultKind(rawValue: request.kind),
            let when = Fault.Phase(rawValue: request.when ?? Fault.Phase.before.rawValue)
        else { return nil }
        let criticality = request.criticality.flatMap(Criticality.init(rawValue:))
        guard (criticality == nil) == (request.criticality == nil) else { return nil }
        self.init(
            kind, route: request.route, priority: criticality?.priority,
            delay: .milliseconds(request.milliseconds ?? 0),
            jitter: .milliseconds(request.jitterMilliseconds ?? 0), percent: request.percent ?? 100,
            when: when,
            expiresIn: .seconds(request.expiresInSeconds ?? 60), atMost: request.atMost, seed: request.seed,
            status: request.status)
    }
}

extension FaultStatus {
    /// What is active: an expired fault isn't.
    package init(_ snapshot: Faults.Snapshot) {
        self.init(
            faults: snapshot.faults.filter(\.isActive).map { entry in
                Entry(
                    fault: FaultRequest(entry.fault), remainingSeconds: entry.remaining / .seconds(1),
                    considered: entry.considered, injected: entry.bitten, running: entry.running)
            })
    }
}
