package import Contracts

/// Reports degradations of the newest orders, keeps the last degraded ones, and follows those of them with
/// pending repairs until these are done.
package struct OrderFeed: Sendable {
    private static let readAtOnce = 4
    private static let kept = 20

    private var known: Set<String> = []
    /// Ids of kept orders with a pending repair; those read last are at the end.
    private var owed: [String] = []
    /// Degraded orders as they were when last read, the newest first.
    package private(set) var degraded: [OrderDocument] = []

    /// The orders that are read next, among the newest or not.
    var following: [String] { Array(owed.prefix(Self.readAtOnce)) }

    /// New events, unordered.
    mutating func news(_ snapshot: StackSnapshot) -> [WatchEvent] {
        var news: [WatchEvent] = []
        for order in snapshot.orders where !order.degradations.isEmpty {
            if known.insert(order.id).inserted { news += order.degradations.map { $0.event(order) } }
            news += order.degradations.filter(\.repaired).compactMap {
                repaired(order.id, "\($0.dependency): \($0.outcome ?? "done")", at: order.updatedAt)
            }
            follow(order)
            degraded.removeAll { $0.id == order.id }
            degraded.append(order)
        }
        degraded = Array(degraded.sorted { $0.id > $1.id }.prefix(Self.kept))
        let kept = Set(degraded.map(\.id))
        owed.removeAll { !kept.contains($0) }
        forget(keeping: snapshot.orders.map(\.id) + owed)
        return news
    }

    private mutating func repaired(_ id: String, _ what: String, at: Timestamp) -> WatchEvent? {
        guard known.insert("\(id) \(what)").inserted else { return nil }
        return WatchEvent(at: at, subject: id, words: "repaired \(what)", kind: .better)
    }

    private mutating func follow(_ order: OrderDocument) {
        owed.removeAll { $0 == order.id }
        if order.owesRepair { owed.append(order.id) }
    }

    private mutating func forget(keeping ids: [String]) {
        let ids = Set(ids)
        known = known.filter { ids.contains(String($0.prefix { $0 != " " })) }
    }
}

extension OrderDocument {
    /// Whether something that was done instead is still to be made good.
    package var owesRepair: Bool { degradations.contains { $0.repair != .none && !$0.repaired } }
}

extension Degradation {
    fileprivate func event(_ order: OrderDocument) -> WatchEvent {
        let later =
            switch repair {
            case .none: "stays so"
            default: repair.rawValue.replacing("-", with: " ")
            }
        let age = ageSeconds.map { ", \($0) s old" } ?? ""
        return WatchEvent(
            at: order.createdAt, subject: order.id, words: "\(effect.rawValue) (\(reason)\(age)), \(later)",
            kind: .worse)
    }
}
