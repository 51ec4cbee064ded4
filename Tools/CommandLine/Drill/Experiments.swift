import Contracts

/// The experiments that follow from what order declares (`GET /csp`).
enum Experiments {
    static let overloads: [Double] = [2, 5, 10]
    /// The experiments of `--compare` by default: outages without a refusal, which do the most damage.
    static let telling = ["coupon-slow", "coupon-frozen", "payment-black-holed"]

    /// Every dependency with every fault, pairs of optional ones, partial faults, order itself, then
    /// overload.
    static func all(_ path: PathDocument) -> [Experiment] {
        let paired = pairs(path).flatMap { pair in
            DrillFault.allCases.map { Experiment(disruption: .broken(pair, $0)) }
        }
        let partial = PartialFaults.all(path).map { Experiment(disruption: .partial($0)) }
        return whole(path) + paired + partial + [Experiment(disruption: .orderKilled)]
            + overloads.map { Experiment(disruption: .overload($0)) } + outage(path)
    }

    /// Every dependency with every fault.
    static func whole(_ path: PathDocument) -> [Experiment] {
        path.dependencies.flatMap { dependency in
            DrillFault.allCases.map { Experiment(disruption: .broken([dependency], $0)) }
        }
    }

    /// Those of which the console has to make an incident each.
    static func incidents(_ path: PathDocument) -> [Experiment] {
        whole(path) + [Experiment(disruption: .overload(5))]
    }

    /// Every kind once and every dependency at least once, two partial faults, order itself, and the smallest
    /// overload. The frozen target is a pair if there is one.
    static func quick(_ path: PathDocument) -> [Experiment] {
        let pair = pairs(path).first
        let kinds = DrillFault.allCases.filter { pair == nil || $0 != .frozen }
        let dependencies = path.dependencies
        let single = (0..<(dependencies.isEmpty ? 0 : max(kinds.count, dependencies.count))).map { index in
            Experiment(
                disruption: .broken([dependencies[index % dependencies.count]], kinds[index % kinds.count]))
        }
        let paired = pair.map { [Experiment(disruption: .broken($0, .frozen))] } ?? []
        let partial = PartialFaults.quick(path).map { Experiment(disruption: .partial($0)) }
        return single + paired + partial + [
            Experiment(disruption: .orderKilled), Experiment(disruption: .overload(overloads[0])),
        ]
    }

    /// Those whose names begin with one of `names`; all if it is empty.
    ///
    /// - Throws: ``UnknownExperiment`` naming the first name that matches none.
    static func chosen(_ names: [String], from experiments: [Experiment]) throws(UnknownExperiment)
        -> [Experiment]
    {
        for name in names where !experiments.contains(where: { $0.name.hasPrefix(name) }) {
            throw UnknownExperiment(name: name)
        }
        return names.isEmpty
            ? experiments : experiments.filter { one in names.contains { one.name.hasPrefix($0) } }
    }

    struct UnknownExperiment: Error, Equatable {
        var name: String
    }

    /// An outage of the dependency that is called last on the critical path, after the most work.
    private static func outage(_ path: PathDocument) -> [Experiment] {
        path.dependencies.last { $0.role == .critical }.map {
            [Experiment(disruption: .overloadedOutage(of: $0.name))]
        } ?? []
    }

    private static func pairs(_ path: PathDocument) -> [[DependencyDocument]] {
        let optional = path.dependencies.filter { $0.role == .optional }
        return optional.indices.flatMap { first in optional[(first + 1)...].map { [optional[first], $0] } }
    }
}
