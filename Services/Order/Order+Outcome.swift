import Contracts
import ServingPath

/// What keeps an order from being finished now.
enum Lack: Sendable {
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
        case .inventory(let reason): "inventory: \(reason.words)"
        case .payment(let reason): "payment: \(reason.words)"
        }
    }
}

/// The legal ends of an order's way, each with what the customer is told.
extension Order {
    mutating func confirm(at now: Timestamp) {
        document.status = .confirmed
        document.pending = []
        repair("payment", "charged", at: now)
        note("confirm", "done", at: now)
        document.updatedAt = now
    }

    /// Durable, to be finished later.
    mutating func accept(lacking lack: Lack, at now: Timestamp) {
        document.status = .accepted
        postpone(lack)
        note("accept", "done", lack.words, at: now)
        document.updatedAt = now
    }

    /// Accepted before, and come a step further: the stock is reserved now, the payment is still lacking.
    mutating func proceed(lacking lack: Lack, at now: Timestamp) {
        postpone(lack)
        document.updatedAt = now
    }

    private mutating func postpone(_ lack: Lack) {
        switch lack {
        case .inventory:
            // What its stock owes the customer was written when it was priced.
            document.pending = document.total == 0 ? ["inventory"] : ["inventory", "payment"]
        case .payment(let reason):
            document.pending = ["payment"]
            guard !document.degradations.contains(where: { $0.dependency == "payment" && $0.isOwed }) else { return }
            document.degradations.append(
                Degradation(
                    dependency: "payment", effect: .paymentQueued, source: .queue, reason: reason.code, repair: .finishLater))
        }
    }

    /// The customer hears of it when notification is back.
    mutating func tellLater() {
        guard !owesMessage else { return }
        document.degradations.append(
            Degradation(
                dependency: "notification", effect: .notificationQueued, source: .queue,
                reason: Unavailability.circuitOpen.code, repair: .finishLater))
    }

    private var owesMessage: Bool { document.degradations.contains { $0.effect == .notificationQueued && $0.isOwed } }

    /// Whether it is this message that the customer still has to get: the one of what the order is now.
    func owes(_ kind: NotificationKind) -> Bool {
        owesMessage && kind == (status == .accepted ? .orderAccepted : .orderConfirmed)
    }

    /// It is reserved, whatever was known of the stock before.
    mutating func stockIsVerified(at now: Timestamp) {
        if hasUnverifiedStock { repair("inventory", "reserved", at: now) }
    }

    mutating func reject(_ refusal: ProblemDocument, at now: Timestamp) {
        document.status = .rejected
        end(refusal.code, refusal: refusal, at: now)
    }

    mutating func cancel(_ why: String, refusal: ProblemDocument? = nil, at now: Timestamp) {
        document.status = .cancelled
        end(why, refusal: refusal, at: now)
    }

    private mutating func end(_ why: String, refusal: ProblemDocument?, at now: Timestamp) {
        progress.refusal = refusal
        document.pending = []
        for dependency in Set(document.degradations.filter(\.isOwed).map(\.dependency)) {
            repair(dependency, "moot: the order was \(document.status.rawValue)", at: now)
        }
        note(document.status == .rejected ? "reject" : "cancel", "done", why, at: now)
        document.updatedAt = now
    }

    /// Ends the repairs owed for a dependency, with their outcome in words.
    mutating func repair(_ dependency: String, _ outcome: String, at now: Timestamp) {
        for index in document.degradations.indices
        where document.degradations[index].dependency == dependency && document.degradations[index].isOwed {
            document.degradations[index].repaired = true
            document.degradations[index].outcome = outcome
            note("repair", "done", "\(dependency): \(outcome)", at: now)
        }
        document.updatedAt = now
    }
}
