import Resilience

/// The orders that this process is working on right now: a request and the recovery of the same order keep out of each
/// other's way, and a repeated request learns that the first still runs.
final class WorkInHand: Sendable {
    private let orders = Locked<Set<String>>([])

    /// False if somebody is at work on the order already.
    func begin(_ id: String) -> Bool { orders.withLock { $0.insert(id).inserted } }

    func end(_ id: String) { orders.withLock { _ = $0.remove(id) } }

    func contains(_ id: String) -> Bool { orders.withLock { $0.contains(id) } }
}
