import Contracts

/// One thing that the drill does to the stack.
struct Experiment: Equatable {
    enum Disruption: Equatable {
        /// What order depends on, all broken in the same way.
        case broken([DependencyDocument], DrillFault)
        /// A part of what a dependency does, or all of it a little.
        case partial(PartialFault)
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
        case .broken(let dependencies, let kind):
            "\(dependencies.map(\.name).joined(separator: "+"))-\(kind.rawValue)"
        case .partial(let fault): "\(fault.group.rawValue)-\(fault.name)"
        case .orderKilled: "order-killed"
        case .overload(let factor): "overload-\(factor.formattedWithoutZeros)x"
        case .overloadedOutage: "overload-outage"
        }
    }

    var dependencies: [DependencyDocument] {
        if case .broken(let dependencies, _) = disruption { dependencies } else { [] }
    }

    /// Nil where all of a dependency is broken.
    var partial: PartialFault? { if case .partial(let fault) = disruption { fault } else { nil } }

    /// What the drill's own stack is set to: a partial fault is of refreshes as well, which are rare
    /// otherwise.
    var settings: [String: String] {
        partial == nil ? [:] : ["CATALOGUE_REFRESH": "5s", "COUPONS_REFRESH": "2s"]
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
        case .partial(let fault): fault.services
        case .orderKilled: ["order"]
        case .overload, .overloadedOutage: []
        }
    }

    var kind: String {
        switch disruption {
        case .broken(_, let kind): kind.rawValue
        case .partial(let fault): fault.group.rawValue
        case .orderKilled: DrillFault.killed.rawValue
        case .overload, .overloadedOutage: "overload"
        }
    }

    var fault: String {
        switch disruption {
        case .broken(let dependencies, let kind):
            dependencies.map { kind.words($0.name) }.joined(separator: ", ")
        case .partial(let fault): fault.words
        case .orderKilled: DrillFault.killed.words("order")
        case .overload(let factor):
            "\(factor.formattedWithoutZeros) times as many requests as the stack can serve"
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
            let outcome =
                critical
                ? "every order is confirmed or accepted, and none is lost" : "every order is confirmed"
            return "\(outcome): \(dependencies.map(\.effect).joined(separator: "; "))"
        case .partial(let fault): return fault.hypothesis
        case .orderKilled:
            return
                "a client that asks again with the same key gets the one order; none is lost or charged twice"
        case .overloadedOutage:
            return
                "once it is back and the load is less than the capacity, all is normal without anybody's help"
        case .overload:
            return "orders are served as far as the capacity goes, what matters less is shed first"
        }
    }
}

extension DependencyDocument {
    /// No request waits for it: it is reached through the queue alone, as the lowest criticality says.
    var isOffThePath: Bool { role == .optional && criticality == "sheddable" }
}
