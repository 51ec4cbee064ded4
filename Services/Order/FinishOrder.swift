import Contracts
import GRDB
import Queue
import Resilience
import ServingPath
import Storage
import Transport

/// Takes up an order that was begun and not ended, with no customer waiting: after a crash, or with inventory or payment
/// out of reach.
///
/// It walks the same path as ``PlaceOrder`` from the start; every step answers what it answered before.
struct FinishOrder: Sendable {
    let store: Store
    let queue: DurableQueue
    let purchase: Purchase
    let hands: WorkInHand
    let endings: Endings
    let conclude: Conclude
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        guard hands.begin(message.key) else { return .unavailable("its request is still running") }
        defer { hands.end(message.key) }
        do {
            guard let order = try await store.read({ try OrderStore.order($0, id: message.key) }), !order.status.isTerminal
            else { return .done() }
            if let expired = try endings.expired(order) { return done(expired) }
            return try await finish(order)
        } catch {
            return .unavailable("\(error)")
        }
    }

    private func finish(_ begun: Order) async throws -> Verdict {
        let walked = try await purchase.run(begun, for: .queue, saving: conclude)
        let order = walked.order
        switch walked.ending {
        case .paid:
            return done(try endings.confirmed(order))
        case .refused(let refusal) where order.status == .accepted:
            return done(try endings.cancelled(order, why: refusal.detail, refusal: refusal))
        case .refused(let refusal) where refusal == .paymentMissing:
            return done(try endings.givenUp(order, refusal, undoing: .everything))
        case .refused(let refusal):
            // Also the payment: the process that began it may have charged before it died.
            return done(try endings.rejected(order, refusal, undoing: .everything))
        case .paymentUnavailable(let reason):
            return try await lack(.payment(reason), order, since: begun)
        case .inventoryUnavailable(let reason), .priceUnavailable(let reason):
            return try await lack(.inventory(reason), order, since: begun)
        case .couponUnavailable:
            // Its customer may have been told 202 by now: the key stays with the order.
            return done(try endings.cancelled(order, why: "the coupon can't be checked, and the order said to reject then"))
        case .voided:
            return done(try endings.cancelled(order, why: "it was undone before it was finished"))
        }
    }

    /// The customer may read how far the order has come. A step further is progress, also for the lane: it must not take its
    /// destination for dead because what comes after the step is.
    private func lack(_ lack: Lack, _ walked: Order, since begun: Order) async throws -> Verdict {
        if case .payment = lack {
            if walked.status == .placing {
                // A crash left it so; by now it is as good as accepted.
                return done(try endings.accepted(walked, lacking: lack))
            }
            if walked.document.pending.contains("inventory") {
                var order = walked
                order.proceed(lacking: lack, at: wall())
                return done(try Conclusion(order))
            }
        }
        // Once for each reason, so that a long outage doesn't fill the timeline.
        if let last = walked.progress.timeline.last, !begun.progress.timeline.contains(where: last.says) {
            _ = try await conclude.save(walked)
        }
        return Verdict(lack.reason, saying: lack.words)
    }

    /// What becomes of the order and the end of this message are one transaction. The version of the order fences it, and the
    /// message's lease: whoever changed the order meanwhile (only a cancellation can) has taken the message away. Where the order
    /// isn't ended yet, it leaves a new one.
    private func done(_ conclusion: Conclusion) -> Verdict {
        .done { [queue, counts = conclude.counts] database in
            try conclusion.commit(database, queue)
            database.afterNextTransaction { _ in counts.count(conclusion.order.status) }
        }
    }
}

extension TimelineEntry {
    /// The same, at another time.
    fileprivate func says(_ other: TimelineEntry) -> Bool {
        step == other.step && outcome == other.outcome && detail == other.detail
    }
}
