import Contracts

/// One thing that the drill does to the stack.
struct Experiment: Equatable {
    enum Disruption: Equatable {
        /// What order depends on, all broken in the same way.
        case broken([DependencyDocument], DrillFault)
        /// `kill -9` of order itself, under load.
        case orderKilled
        /// Requests for this many times the capacity.
        case overload(Double)
        /// An outage of a critical dependency while too many ask, and ask again.
        case overloadedOutage(of: String)
    }

    var disruption: Disruption

    var name: String {
        switch disruption {
        case .broken(let dependencies, let kind): "\(dependencies.map(\.name).joined(separator: "+"))-\(kind.rawValue)"
        case .orderKilled: "order-killed"
        case .overload(let factor): "overload-\(factor.formattedWithoutZeros)x"
        case .overloadedOutage: "overload-outage"
        }
    }

    var dependencies: [DependencyDocument] {
        if case .broken(let dependencies, _) = disruption { dependencies } else { [] }
    }

    /// Times the capacity; nil where something is broken.
    var overload: Double? { if case .overload(let factor) = disruption { factor } else { nil } }
    /// What is out under too much load; nil otherwise.
    var outage: String? { if case .overloadedOutage(let name) = disruption { name } else { nil } }
    /// Whether it needs to know the capacity, which is measured first.
    var isOverload: Bool { overload != nil || outage != nil }

    /// The services that are broken.
    var targets: [String] {
        switch disruption {
        case .broken(let dependencies, _): dependencies.map(\.name)
        case .orderKilled: ["order"]
        case .overload, .overloadedOutage: []
        }
    }

    var kind: String {
        switch disruption {
        case .broken(_, let kind): kind.rawValue
        case .orderKilled: DrillFault.killed.rawValue
        case .overload, .overloadedOutage: "overload"
        }
    }

    var fault: String {
        switch disruption {
        case .broken(let dependencies, let kind): dependencies.map { kind.words($0.name) }.joined(separator: ", ")
        case .orderKilled: DrillFault.killed.words("order")
        case .overload(let factor): "\(factor.formattedWithoutZeros) times as many requests as the stack can serve"
        case .overloadedOutage(let name):
            "\(name) frozen for \(Int(RunOverload.outage)) s under \(RunOverload.outageLoad.formattedWithoutZeros) times the load, with "
                + "customers who ask again"
        }
    }

    /// In words, from what order declares.
    var hypothesis: String {
        switch disruption {
        case .broken(let dependencies, _):
            let critical = dependencies.contains { $0.role == .critical }
            let outcome = critical ? "every order is confirmed or accepted, and none is lost" : "every order is confirmed"
            return "\(outcome): \(dependencies.map(\.effect).joined(separator: "; "))"
        case .orderKilled: return "a client that asks again with the same key gets the one order; none is lost or charged twice"
        case .overloadedOutage:
            return "once it is back and the load is less than the capacity, all is normal without anybody's help"
        case .overload: return "orders are served as far as the capacity goes, what matters less is shed first"
        }
    }
}

extension DependencyDocument {
    /// No request waits for it: it is reached through the queue alone, as the lowest criticality says.
    var isOffThePath: Bool { role == .optional && criticality == "sheddable" }
}
