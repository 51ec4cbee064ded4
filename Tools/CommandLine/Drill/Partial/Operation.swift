import Contracts

/// One operation of a dependency, with the route that serves it.
struct Operation: Equatable {
    var dependency: String
    var role: DependencyDocument.Role
    /// Its name in `GET /csp` of order: `reserve`.
    var name: String
    /// Its name in `/faults` of the dependency: `POST /reservations`.
    var route: String

    /// The calls that `POST /orders` waits for. Faults of other operations are expected to be invisible to
    /// customers.
    private static let awaited: Set = ["inventory.reserve", "payment.capture", "coupon.redeem"]
    /// Operations that customers cause before they order.
    private static let browsed: Set = ["inventory.product", "coupon.rule"]
    /// Operations that only follow another one of the same dependency.
    private static let successors = [
        "inventory.commit": "inventory.reserve", "payment.refund": "payment.capture",
    ]

    /// `inventory.reserve`
    var id: String { "\(dependency).\(name)" }

    var isAwaited: Bool { Self.awaited.contains(id) }
    var isBrowsed: Bool { Self.browsed.contains(id) }

    func follows(_ other: Operation) -> Bool { Self.successors[id] == other.id }

    /// The criticalities of order's calls: on behalf of customers, and from the queue and refreshes.
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
