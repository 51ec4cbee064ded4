import Contracts

/// One thing that order asks a dependency for, by the route that answers it there.
struct Operation: Equatable {
    var dependency: String
    var role: DependencyDocument.Role
    /// As `GET /csp` of order lists it: `reserve`.
    var name: String
    /// As `/faults` of the dependency names it: `POST /reservations`.
    var route: String

    /// The calls that `POST /orders` waits for. An operation that isn't listed is expected to be invisible to
    /// its customers.
    private static let awaited: Set = ["inventory.reserve", "payment.capture", "coupon.redeem"]
    /// What customers ask for before they order.
    private static let browsed: Set = ["inventory.product", "coupon.rule"]
    /// What comes to pass only after another operation of the same dependency.
    private static let successors = [
        "inventory.commit": "inventory.reserve", "payment.refund": "payment.capture",
    ]

    /// `inventory.reserve`
    var id: String { "\(dependency).\(name)" }

    var isAwaited: Bool { Self.awaited.contains(id) }
    var isBrowsed: Bool { Self.browsed.contains(id) }

    func follows(_ other: Operation) -> Bool { Self.successors[id] == other.id }

    /// Of the calls that order makes: its customers' own, and those of the queue and of refreshes.
    var criticalities: [String] {
        if isAwaited { return ["critical-plus", "sheddable"] }
        return isBrowsed ? ["sheddable-plus"] : ["sheddable"]
    }
}

extension PathDocument {
    /// Every operation that order declares, dependency by dependency.
    var drilledOperations: [Operation] { dependencies.flatMap(\.drilledOperations) }
}

extension DependencyDocument {
    fileprivate var drilledOperations: [Operation] {
        operations.compactMap { operation in
            operation.route.map { Operation(dependency: name, role: role, name: operation.name, route: $0) }
        }
    }
}
