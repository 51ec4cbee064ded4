import Contracts

/// One of the ways in which services can contradict what their clients saw.
struct Judgement: Encodable {
    var name: String
    var meaning: String
    var ok: Bool
    var violations: [Violation]

    init(_ name: String, _ meaning: String, _ violations: [Violation]) {
        self.name = name
        self.meaning = meaning
        ok = violations.isEmpty
        self.violations = violations
    }
}

/// Compares a history with the orders of the services, once nothing is under way.
struct HistoryReport: Encodable {
    /// Lost, duplicated, unexpected.
    var judgements: [Judgement]
    var operations: Int
    var attempts: Int
    /// Operations with an unanswered request whose client learned the outcome by asking again.
    var retried: Int
    /// Operations whose client never learned of its order, which is there and terminal.
    var recovered: Int
    /// Operations whose client got no answer and that left no order: nothing was promised.
    var absent: Int

    var ok: Bool { judgements.allSatisfy(\.ok) }
}

extension History {
    func report(_ orders: [OrderDocument]) -> HistoryReport {
        let attribution = Attribution(self, orders)
        let told = Self.firstTold(operations)
        let byId = Dictionary(orders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let cases = zip(operations, attribution.orders).enumerated().map { index, pair in
            OperationCase(index: index, operation: pair.0, orders: pair.1, told: told, byId: byId)
        }
        let strangers = attribution.strangers.map {
            Violation($0.id, "is an order of \($0.customerId) that no client sent (\($0.status))")
        }
        let unseen = cases.filter(\.operation.isUnseen)
        return HistoryReport(
            judgements: [
                Judgement(
                    "lost", "what clients were told is there, as they were told it", cases.flatMap(\.lost)),
                Judgement("duplicated", "one key, one order", cases.flatMap(\.duplicated)),
                Judgement(
                    "unexpected", "there is no order that its client didn't send or was refused",
                    strangers + cases.flatMap(\.unexpected)),
            ],
            operations: operations.count,
            attempts: operations.reduce(0) { $0 + $1.attempts.count },
            retried: operations.count { !$0.isUnseen && $0.attempts.contains { $0.status == nil } },
            recovered: unseen.count { $0.orders.contains { $0.isSale && $0.status.isTerminal } },
            absent: unseen.count { !$0.orders.contains(where: \.isSale) })
    }
}
