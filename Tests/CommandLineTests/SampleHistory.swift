import Contracts

@testable import CommandLine

extension ClientOperation {
    /// An operation of a customer named like the key, for the goods of `OrderDocument.sample`.
    static func sample(_ key: String, _ attempts: Attempt..., outcome: Outcome? = .confirmed)
        -> ClientOperation
    {
        ClientOperation(
            key: key, request: OrderRequest(customerId: key, items: [ItemQuantity(sku: "A", quantity: 1)]),
            attempts: attempts, outcome: outcome)
    }
}

extension Attempt {
    private static let moment = Timestamp(milliseconds: 0)

    static let unanswered = Attempt(.place, sentAt: moment, failure: "no answer in time", neverSent: false)
    static let unreachable = Attempt(.place, sentAt: moment, failure: "connection refused", neverSent: true)

    /// Answered 201, 202 or 200, depending on the status.
    static func told(_ id: String, _ status: OrderStatus, total: Int? = 500) -> Attempt {
        let code = [.confirmed: 201, .cancelled: 200][status] ?? 202
        return Attempt(
            call: .place, sentAt: moment, answeredAt: moment, status: code, orderId: id, total: total,
            orderStatus: status)
    }

    static func looked(_ id: String, _ status: OrderStatus, total: Int? = 500) -> Attempt {
        Attempt(
            call: .look, sentAt: moment, answeredAt: moment, status: 200, orderId: id, total: total,
            orderStatus: status)
    }

    static func problem(_ status: Int, _ code: String, id: String? = nil) -> Attempt {
        Attempt(call: .place, sentAt: moment, answeredAt: moment, status: status, code: code, orderId: id)
    }
}

extension HistoryReport {
    /// The keys and ids of violations by judgement.
    var broken: [String: [String]] {
        judgements.reduce(into: [:]) { if !$1.ok { $0[$1.name] = $1.violations.map(\.id) } }
    }
}
