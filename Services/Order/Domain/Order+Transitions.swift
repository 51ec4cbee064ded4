import Contracts
import ServingPath

/// What keeps an accepted order from being finished.
enum PendingDependency: Sendable {
    /// Whether its stock is reserved is unknown; nothing was charged.
    case inventory(Unavailability)
    /// Its stock is reserved; whether it was charged is unknown.
    case payment(Unavailability)

    var reason: Unavailability {
        switch self {
        case .inventory(let reason), .payment(let reason): reason
        }
    }

    var words: String {
        switch self {
        case .inventory: "inventory: \(reason.words)"
        case .payment: "payment: \(reason.words)"
        }
    }
}

/// A transition that an order does not have.
struct IllegalTransition: Error, CustomStringConvertible {
    var id: String
    var from: OrderStatus
    var to: OrderStatus

    var description: String { "order \(id) is \(from.rawValue) and can't become \(to.rawValue)" }
}

extension OrderStatus {
    /// The states from which an order may come to this one; its store holds them as well.
    var predecessors: [OrderStatus] {
        switch self {
        case .placing: []
        case .accepted, .rejected: [.placing]
        case .confirmed, .cancelled: [.placing, .accepted]
        }
    }
}

/// The transitions of an order, each with what the customer is told.
extension Order {
    mutating func confirm(at now: Timestamp) throws(IllegalTransition) {
        try become(.confirmed, at: now)
        document.pending = []
        repair("payment", "charged", at: now)
        note(.confirm, .done, at: now)
    }

    /// Durable, and finished later.
    mutating func accept(pending: PendingDependency, at now: Timestamp) throws(IllegalTransition) {
        try become(.accepted, at: now)
        postpone(pending)
        note(.accept, .done, pending.words, at: now)
    }

    /// Accepted before, and come a step further: the stock is reserved now, the payment is still pending.
    mutating func proceed(pending: PendingDependency, at now: Timestamp) {
        postpone(pending)
        document.updatedAt = now
    }

    mutating func reject(_ refusal: ProblemDocument, at now: Timestamp) throws(IllegalTransition) {
        try become(.rejected, at: now)
        end(.reject, refusal.code, refusal: refusal, at: now)
    }

    mutating func cancel(
        _ why: String, refusal: ProblemDocument? = nil, at now: Timestamp
    ) throws(IllegalTransition) {
        try become(.cancelled, at: now)
        end(.cancel, why, refusal: refusal, at: now)
    }

    private mutating func become(_ next: OrderStatus, at now: Timestamp) throws(IllegalTransition) {
        guard next.predecessors.contains(status)
        else { throw IllegalTransition(id: id, from: status, to: next) }
        document.status = next
        document.updatedAt = now
    }

    private mutating func postpone(_ pending: PendingDependency) {
        switch pending {
        case .inventory:
            // What its stock owes the customer was written when it was priced.
            document.pending = document.total == 0 ? ["inventory"] : ["inventory", "payment"]
        case .payment(let reason):
            document.pending = ["payment"]
            guard !owes(.paymentQueued) else { return }
            document.degradations.append(.queued("payment", .paymentQueued, reason: reason))
        }
    }

    private mutating func end(_ step: OrderStep, _ why: String, refusal: ProblemDocument?, at now: Timestamp)
    {
        progress.refusal = refusal
        document.pending = []
        for dependency in Set(document.degradations.filter(\.isOwed).map(\.dependency)).sorted() {
            repair(dependency, "moot: the order was \(document.status.rawValue)", at: now)
        }
        note(step, .done, why, at: now)
    }

    /// Inventory has reserved it, whatever was known of the stock before.
    mutating func stockIsVerified(at now: Timestamp) {
        if hasUnverifiedStock { repair("inventory", "reserved", at: now) }
    }

    /// The customer hears of it when notification is back.
    mutating func tellLater() {
        guard !owes(.notificationQueued) else { return }
        document.degradations.append(.queued("notification", .notificationQueued, reason: .circuitOpen))
    }

    /// Whether it is this message that the customer still has to get: the one of what the order is now.
    func owes(_ kind: NotificationKind) -> Bool {
        owes(.notificationQueued) && kind == (status == .accepted ? .orderAccepted : .orderConfirmed)
    }

    /// Ends the repairs owed for a dependency, with their outcome in words.
    mutating func repair(_ dependency: String, _ outcome: String, at now: Timestamp) {
        for index in document.degradations.indices
        where document.degradations[index].dependency == dependency && document.degradations[index].isOwed {
            document.degradations[index].repaired = true
            document.degradations[index].outcome = outcome
            note(.repair, .done, "\(dependency): \(outcome)", at: now)
        }
        document.updatedAt = now
    }
}
