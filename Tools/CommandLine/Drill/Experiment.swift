import Contracts

/// One disruption of the stack, with its hypothesis.
struct Experiment: Equatable {
    enum Disruption: Equatable {
        /// Whole dependencies with the same fault.
        case broken([DependencyDocument], DrillFault)
        /// A fault in a part of what a dependency does, or a mild one in all of it.
        case partial(PartialFault)
        /// `kill -9` of order itself, under load.
        case orderKilled
        /// Requests for this many times the capacity.
        case overload(Double)
        /// An outage of a critical dependency under overload, with customers who retry.
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

    /// Nil unless the fault is partial.
    var partial: PartialFault? { if case .partial(let fault) = disruption { fault } else { nil } }

    /// Settings of the drill's own stack: with a partial fault catalogues are refreshed often, so that
    /// refreshes meet it too.
    var settings: [String: String] {
        partial == nil ? [:] : ["CATALOGUE_REFRESH": "5s", "COUPONS_REFRESH": "2s"]
    }

    /// The load as a multiple of the capacity; nil for a fault.
    var overload: Double? { if case .overload(let factor) = disruption { factor } else { nil } }
    /// The dependency that is out under overload; nil otherwise.
    var outage: String? { if case .overloadedOutage(let name) = disruption { name } else { nil } }
    /// Whether it needs the capacity, which is measured first.
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
            """
            \(name) frozen for \(Int(RunOverload.outage)) s under \
            \(RunOverload.outageLoad.formattedWithoutZeros) times the load, with customers who ask again
            """
        }
    }

    /// The expected behaviour, from what order declares.
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
                "once it is back and the load is less than the capacity, all is normal without intervention"
        case .overload:
            return "orders are served up to the capacity, and lower criticalities are shed first"
        }
    }
}

extension DependencyDocument {
    /// No request waits for it: it is reached through the queue alone, as the lowest criticality says.
    var isOffThePath: Bool { role == .optional && criticality == "sheddable" }
}
