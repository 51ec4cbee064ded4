import Contracts

/// Reports degradations of the newest orders, and follows orders with pending repairs until these are done.
struct OrderFeed: Sendable {
    private static let followed = 20
    private static let askedAtOnce = 4

    private var known: Set<String> = []
    /// Ids of orders with a pending repair; those read last are at the end.
    private var owed: [String] = []

    /// The orders whose timelines are read next.
    var following: [String] { Array(owed.prefix(Self.askedAtOnce)) }

    /// New events, unordered.
    mutating func news(_ snapshot: StackSnapshot) -> [WatchEvent] {
        var news: [WatchEvent] = []
        for order in snapshot.orders where !order.degradations.isEmpty {
            if known.insert(order.id).inserted { news += order.degradations.map { $0.event(order) } }
            news += order.degradations.filter(\.repaired).compactMap {
                repaired(order.id, "\($0.dependency): \($0.outcome ?? "done")", at: order.updatedAt)
            }
            follow(order)
        }
        for id in following {
            guard let timeline = snapshot.timelines[id] else { continue }
            owed.removeAll { $0 == id }
            let repairs = timeline.filter { $0.step == "repair" }
            news += repairs.compactMap { repaired(id, $0.detail, at: $0.at) }
            if repairs.isEmpty { owed.append(id) }
        }
        forget(keeping: snapshot.orders.map(\.id) + owed)
        return news
    }

    private mutating func repaired(_ id: String, _ what: String, at: Timestamp) -> WatchEvent? {
        guard known.insert("\(id) \(what)").inserted else { return nil }
        return WatchEvent(at: at, subject: id, words: "repaired \(what)", kind: .better)
    }

    private mutating func follow(_ order: OrderDocument) {
        let isOwed = order.degradations.contains { $0.repair != .none && !$0.repaired }
        if !isOwed {
            owed.removeAll { $0 == order.id }
        } else if !owed.contains(order.id), owed.count < Self.followed {
            owed.append(order.id)
        }
    }

    private mutating func forget(keeping ids: [String]) {
        let ids = Set(ids)
        known = known.filter { ids.contains(String($0.prefix { $0 != " " })) }
    }
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
