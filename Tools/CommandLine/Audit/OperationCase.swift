import Contracts

/// One operation and its orders, checked for contradictions.
struct OperationCase {
    let index: Int
    let operation: ClientOperation
    let orders: [OrderDocument]
    /// By order id: the operation that was told of it first.
    let told: [String: Int]
    let byId: [String: OrderDocument]

    private func violation(_ detail: String) -> Violation { Violation(operation.key, detail) }

    /// The first answer that the services contradict.
    var lost: [Violation] {
        operation.attempts(.placed).lazy.compactMap(contradiction).prefix(1).map(violation)
    }

    /// How the services contradict an answer that promised an order.
    private func contradiction(of attempt: Attempt) -> String? {
        guard let id = attempt.orderId else {
            return orders.contains(where: \.isSale) ? nil : "was told \(attempt.words), and there is no order"
        }
        guard let order = byId[id] else { return "was told of \(id), \(attempt.words), and it isn't there" }
        guard told[id] == index else { return "was told of \(id), which another key was told of before" }
        guard order.customerId == operation.request.customerId else {
            return "was told of \(id), which is \(order.customerId)'s, not \(operation.request.customerId)'s"
        }
        guard Goods(order) == Goods(operation.request) else {
            return "was told of \(id), which is for other goods"
        }
        if let total = attempt.total, total != order.total {
            return
                "was told a total of \(total) for \(id), which is \(order.total.map(String.init) ?? "none")"
        }
        switch (attempt.orderStatus, order.status) {
        case (.confirmed, .confirmed), (.placing, _), (nil, _): return nil
        case (.accepted, let status) where status != .rejected: return nil
        default: return "was told \(attempt.words) of \(id), which is \(order.status)"
        }
    }

    var duplicated: [Violation] {
        let told = operation.attempts.filter { $0.meaning != .nothingDone && $0.call == .place }.compactMap(
            \.orderId)
        let ids = Set(told + orders.filter(\.isSale).map(\.id))
        return ids.count > 1
            ? [violation("has \(ids.count) orders: \(ids.sorted().joined(separator: ", "))")] : []
    }

    /// Sales although the answers told the client that there is none.
    var unexpected: [Violation] {
        let sales = orders.filter(\.isSale)
        if let refusal = operation.attempts(.refused).first {
            return sales.map { violation("was refused (\(refusal.words)), and \($0.id) is \($0.status)") }
        }
        if let cancelled = operation.attempts(.cancelled).first {
            return sales.filter { $0.status == .confirmed }
                .map { violation("was told \(cancelled.words), and \($0.id) is confirmed") }
        }
        guard operation.outcome != nil, operation.attempts.allSatisfy({ $0.meaning == .nothingDone }) else {
            return []
        }
        let last = operation.attempts.last?.words ?? "nothing"
        return sales.map {
            violation("was only told that nothing was done (\(last)), and \($0.id) is \($0.status)")
        }
    }
}
