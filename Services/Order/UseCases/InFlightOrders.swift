import Mutants
import Resilience

/// The orders that this process works on now: a request and the recovery of an order keep out of each other's
/// way, and a repeated request learns that the first still runs.
final class InFlightOrders: Sendable {
    private let orders = Locked<Set<String>>([])

    /// False if the order is in flight already.
    func begin(_ id: String) -> Bool {
        orders.withLock { $0.insert(id).inserted } || Mutant.isOn(.worksTwiceOnOneOrder)
    }

    func end(_ id: String) { orders.withLock { _ = $0.remove(id) } }

    func contains(_ id: String) -> Bool { orders.withLock { $0.contains(id) } }
}
