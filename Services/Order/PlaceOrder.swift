import Contracts
import Foundation
import GRDB
import Logging
import Queue
import Resilience
import ServingPath
import Storage
import Transport

/// Places an order while the customer waits: write ahead → reserve → redeem → charge → confirm.
///
/// From the first write on the order is never lost: whatever happens to this request, the `finish-order` message that is
/// committed with it takes the order up again.
struct PlaceOrder: Sendable {
    /// How a request ended, for the route to answer.
    enum Outcome: Sendable {
        /// The order as it is now, as JSON, with its status; `replayed` if an earlier request placed it.
        case order(OrderStatus, id: String, document: Data, replayed: Bool)
        case problem(Problem, replayed: Bool)
    }

    /// A basket of 100 lines has about this many bytes.
    private static let largestKept = 8 * 1024

    let store: Store
    let queue: DurableQueue
    let purchase: Purchase
    let hands: WorkInHand
    let turns: CouponTurns
    let endings: Endings
    let conclude: Conclude
    /// When `finish-order` takes over: after the customer's budget, with a second to spare.
    let resumeAfter: Duration
    let wall: @Sendable () -> Timestamp
    let logger: Logger

    func callAsFunction(
        _ request: OrderRequest, body: Data, key: String, deadline: Deadline, criticality: Criticality
    ) async throws -> Outcome {
        guard !deadline.hasPassed() else { throw Problem.deadlineExceeded }
        let now = wall()
        let order = Order(id: Identifier.make("ord_", at: now), request: request, at: now)
        // Kept as it came, unless it is padded with what nobody asked for.
        let kept = body.count <= Self.largestKept ? body : try JSON.encode(request)
        _ = hands.begin(order.id)
        turns.expect(order.id)
        defer {
            turns.leave(order.id)
            hands.end(order.id)
        }
        let placed = try await store.write("placing") { [queue, resumeAfter] database in
            let placed = try OrderStore.insert(database, order, key: key, request: kept)
            if case .new = placed { try queue.add(database, .finishOrder, order.id, delay: resumeAfter) }
            return placed
        }
        switch placed {
        case .existing(let existing): return try await replay(existing, as: request)
        case .new: return await place(order, for: .customer(until: deadline, criticality))
        }
    }

    /// The order that the key has already, while new ones are refused: its customer may have paid for it.
    func repeated(_ request: OrderRequest, key: String, else refusal: Problem) async throws -> Outcome {
        guard let existing = try await store.read({ try OrderStore.order($0, key: key) }) else { throw refusal }
        return try await replay(existing, as: request)
    }

    private func place(_ placed: Order, for customer: Caller) async -> Outcome {
        do {
            let walked = try await purchase.run(placed, for: customer, saving: conclude)
            return try await end(walked)
        } catch is OrderChanged {
            return changedMeanwhile(placed.id)
        } catch {
            // The disk failed after the order was begun: it is on disk as `placing`, and will be finished.
            logger.error("an order could not be saved", metadata: ["order": "\(placed.id)", "error": "\(error)"])
            let document = (try? JSON.encode(placed.document)) ?? Data()
            return .order(.placing, id: placed.id, document: document, replayed: false)
        }
    }

    private func end(_ walked: Purchase.Walked) async throws -> Outcome {
        let order = walked.order
        switch walked.ending {
        case .paid: return try await taken(endings.confirmed(order))
        case .paymentUnavailable(let reason): return try await taken(endings.accepted(order, lacking: .payment(reason)))
        case .inventoryUnavailable(let reason): return try await promise(order, within: walked.lastKnownStock, reason)
        case .refused(let refusal) where refusal == .paymentMissing:
            return try await giveUp(order, Problem(refusal), undoing: .reservation)
        case .refused(let refusal): return try await refuse(order, refusal)
        case .priceUnavailable(let reason):
            let problem = reason.reason == .deadlineExceeded ? Problem.deadlineExceeded : .priceUnavailable
            return try await giveUp(order, problem, undoing: reason.mayHaveBeenDone ? .reservation : .nothing)
        case .couponUnavailable: return try await giveUp(order, .couponUnavailable, undoing: .reservation)
        case .voided:
            // Unless the customer cancelled it, somebody undid it behind our back: either way it has ended.
            _ = try await conclude(endings.cancelled(order, why: "it was undone while it was being placed"))
            return changedMeanwhile(order.id)
        }
    }

    private func taken(_ conclusion: Conclusion) async throws -> Outcome {
        let document = try await conclude(conclusion)
        return .order(conclusion.order.status, id: conclusion.order.id, document: document, replayed: false)
    }

    /// Without inventory an order is accepted as far as the last known stock goes.
    private func promise(_ order: Order, within known: [String: Int], _ reason: Unavailability) async throws -> Outcome {
        switch try await conclude.promising(endings.accepted(order, lacking: .inventory(reason)), within: known) {
        case .kept(let document): .order(.accepted, id: order.id, document: document, replayed: false)
        case .short(let skus): try await refuse(order, .outOfStock(skus))
        }
    }

    private func refuse(_ order: Order, _ refusal: ProblemDocument) async throws -> Outcome {
        // Also where it is the reservation that was refused: an earlier try of it may still come.
        let conclusion = try endings.rejected(order, refusal, undoing: .reservation)
        _ = try await conclude(conclusion)
        // As it is kept, naming the order.
        return .problem(Problem(conclusion.order.progress.refusal ?? refusal), replayed: false)
    }

    /// Nothing was charged, and nothing is kept but the record: the key is free, and what may have been done is undone.
    private func giveUp(_ order: Order, _ problem: Problem, undoing: Endings.Undoing) async throws -> Outcome {
        _ = try await conclude(endings.givenUp(order, problem.document, undoing: undoing))
        return .problem(problem, replayed: false)
    }

    /// Somebody else decided the order while this request worked on it. Only a cancellation can: ``WorkInHand`` keeps
    /// ``FinishOrder`` away until the request has ended.
    private func changedMeanwhile(_ id: String) -> Outcome {
        .problem(
            Problem(409, "order-cancelled", "The order was cancelled", "Order \(id) was cancelled while it was being placed."),
            replayed: false)
    }

    private func replay(_ found: Order, as request: OrderRequest) async throws -> Outcome {
        guard found.request.fingerprint == request.fingerprint else { throw Problem.idempotencyKeyReused }
        var order = found
        if order.status == .placing {
            guard !hands.contains(order.id) else {
                throw Problem.requestInProgress("The first request with this key is still running.")
            }
            // No request works on it any more, so the one that did has committed: what was read before may be out of date.
            order = try await store.read { try OrderStore.order($0, id: found.id) } ?? found
        }
        if order.status == .placing {
            // Its request is gone (a crash, most likely): have it finished now rather than later.
            try? await store.write("hastened") { [queue] in try queue.hasten($0, .finishOrder, found.id) }
        }
        if order.status == .rejected, let refusal = order.progress.refusal {
            // Its key has just been freed: the next request with it places the order anew.
            guard refusal.status != 503 else {
                throw Problem.requestInProgress("The first request with this key has just ended, with nothing done.")
            }
            return .problem(Problem(refusal), replayed: true)
        }
        let document = try await store.read { [order] in try OrderView.document($0, order) }
        return .order(order.status, id: order.id, document: document, replayed: true)
    }
}

extension Problem {
    static let priceUnavailable = unavailable(
        "price-unavailable", "Prices can't be had",
        "Inventory can't be asked, and its last known prices don't cover the order. Nothing was charged.", retryAfter: 2)

    static let couponUnavailable = unavailable(
        "coupon-unavailable", "The coupon can't be checked",
        "The coupon service can't be asked, and the order said to reject then. Nothing was charged.", retryAfter: 2)
}
