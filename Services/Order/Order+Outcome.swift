import Contracts

/// The legal ends of an order's way, each with what the customer is told.
extension Order {
    mutating func confirm(at now: Timestamp) {
        document.status = .confirmed
        document.pending = []
        repair("payment", "charged", at: now)
        note("confirm", "done", at: now)
        document.updatedAt = now
    }

    /// Durable, but payment has not been heard of: to be finished later.
    mutating func accept(reason: String, at now: Timestamp) {
        document.status = .accepted
        document.pending = ["payment"]
        document.degradations.append(
            Degradation(dependency: "payment", effect: .paymentQueued, source: .queue, reason: reason, repair: .finishLater))
        note("accept", "done", "payment: \(reason)", at: now)
        document.updatedAt = now
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
