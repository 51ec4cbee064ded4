import Contracts
import StackView

/// What an incident costs customers, added up from the orders themselves.
struct ImpactCount: Sendable {
    /// Orders may have been degraded this long before the incident was detected.
    static let lookback: Duration = .seconds(15)

    private let cause: String
    /// Dependencies that have incidents of their own; nil: only those of the cause are counted.
    private let others: Set<String>?
    private let from: Timestamp
    private let to: Timestamp?
    private var customers: Set<String> = []
    private(set) var impact = Incident.Impact()
    /// When the first of the orders was placed.
    private(set) var first: Timestamp?
    private(set) var owed = 0

    /// - Parameters:
    ///   - floor: earlier orders belong to another incident.
    ///   - entry: where customers come in.
    ///   - others: causes of incidents beside it.
    init(_ incident: Incident, floor: Timestamp?, entry: String?, others: Set<String>) {
        cause = incident.cause
        // Where customers come in there is no dependency to blame.
        self.others = incident.cause == entry ? others : nil
        let start = min(incident.startedAt, incident.detectedAt.advanced(by: .zero - Self.lookback))
        from = floor.map { max($0, start) } ?? start
        to = incident.resolvedAt
    }

    /// Orders before that needn't be read.
    var start: Timestamp { from }

    mutating func add(_ order: OrderDocument) {
        guard order.createdAt >= from, to.map({ order.createdAt <= $0 }) ?? true,
            order.degradations.contains(where: isOurs)
        else { return }
        first = min(first ?? order.createdAt, order.createdAt)
        impact.ordersDegraded += 1
        customers.insert(order.customerId)
        impact.customers = customers.count
        let isOwed = order.owesRepair || !order.status.isTerminal
        if isOwed { owed += 1 } else { impact.ordersMadeGood += 1 }
        guard order.degradations.contains(where: { isOurs($0) && $0.isDelay }) else { return }
        impact.ordersDelayed += 1
        if order.status == .cancelled { impact.ordersLost += 1 }
        impact.revenueDelayedByCurrency[order.currency, default: 0] += order.total ?? 0
        impact.revenueDelayed = impact.revenueDelayedByCurrency.values.max() ?? 0
    }

    private func isOurs(_ degradation: Degradation) -> Bool {
        others.map { !$0.contains(degradation.dependency) } ?? (degradation.dependency == cause)
    }
}

extension Degradation {
    /// Whether the order could not be confirmed at once.
    fileprivate var isDelay: Bool { effect == .paymentQueued || effect == .stockUnverified }
}

extension Incident {
    mutating func set(_ count: ImpactCount) {
        // Refusals leave no order: they are counted as they happen.
        let refused = impact.ordersRefused
        impact = count.impact
        impact.ordersRefused = refused
        if let first = count.first { startedAt = min(startedAt, first) }
    }
}
