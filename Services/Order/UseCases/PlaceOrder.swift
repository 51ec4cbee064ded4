import Contracts
import Foundation
import Logging
import Resilience
import ServingPath
import Telemetry

/// Places an order while the customer waits: write ahead → reserve → redeem → charge → confirm.
///
/// From the first write on the order is never lost: the `finish-order` message that is committed with it
/// takes it up again. The steps are those of ``Checkout``; what follows from its end is a ``Decision``.
struct PlaceOrder: Sendable {
    /// How a request ended, for the route to answer.
    enum Outcome: Sendable {
        /// The order as it is now, as JSON, with its status; `replayed` if an earlier request placed it.
        case order(OrderStatus, id: String, document: Data, replayed: Bool)
        case refused(OrderError, replayed: Bool)
    }

    /// A basket of 100 lines has about this many bytes.
    private static let largestKept = 8 * 1024

    let store: OrderStore
    let runCheckout: RunCheckout
    let inFlight: InFlightOrders
    let turns: CouponTurns
    let isNotificationUnavailable: @Sendable () -> Bool
    /// When `finish-order` takes an order over: after the request's time, and a second more.
    let resumeAfter: Duration
    let wall: @Sendable () -> Timestamp
    let logger: Logger

    /// - Parameter body: as it came, kept byte for byte; above ``largestKept`` without unknown members.
    func callAsFunction(
        _ request: OrderRequest, body: Data, key: String, for customer: Caller
    ) async throws -> Outcome {
        let now = wall()
        let order = Order(id: Identifier.make("ord_", at: now), request: request, at: now)
        let kept = body.count <= Self.largestKept ? body : try JSON.encode(request)
        _ = inFlight.begin(order.id)
        turns.expect(order.id)
        defer {
            turns.leave(order.id)
            inFlight.end(order.id)
        }
        switch try await store.begin(order, key: key, request: kept, resumeAfter: resumeAfter) {
        case .existing(let existing): return try await replay(existing, as: request)
        case .new: return await place(order, for: customer)
        }
    }

    private func place(_ begun: Order, for customer: Caller) async -> Outcome {
        do {
            let (order, ending) = try await runCheckout(begun, for: customer)
            let circumstances = Decision.Circumstances(
                isCustomerWaiting: true, isNotificationUnavailable: isNotificationUnavailable(), now: wall())
            return try await conclude(.decide(ending, order, circumstances))
        } catch is OrderChanged {
            // By a cancellation: InFlightOrders keeps FinishOrder away until the request has ended.
            return .refused(.cancelledMeanwhile(id: begun.id), replayed: false)
        } catch {
            // The disk, most likely: the order is there as `placing`, and will be finished.
            ServiceSpan.current?.keep()
            logger.error(
                "an order could not be saved", metadata: ["order_id": "\(begun.id)", "error": "\(error)"])
            let document = (try? JSON.encode(begun.document)) ?? Data()
            return .order(.placing, id: begun.id, document: document, replayed: false)
        }
    }

    private func conclude(_ decision: Decision) async throws -> Outcome {
        switch decision {
        case .conclude(let change, .order):
            let document = try await store.conclude(change)
            return .order(change.order.status, id: change.order.id, document: document, replayed: false)
        case .conclude(let change, .problem(let error)):
            _ = try await store.conclude(change)
            return .refused(error, replayed: false)
        case .promise(let change, let stock, let order):
            let short = try await store.promise(change, within: stock)
            guard short.isEmpty else {
                return try await conclude(.refusing(order, .outOfStock(short), at: wall()))
            }
            return .order(
                .accepted, id: order.id, document: try JSON.encode(change.order.document), replayed: false)
        case .retry(let pending):
            // Decided only where no customer waits.
            throw pending.reason
        }
    }

    /// The order that the key has already, while new ones are refused: its customer may have paid for it.
    func repeated(_ request: OrderRequest, key: String, else refusal: any Error) async throws -> Outcome {
        guard let existing = try await store.order(key: key) else { throw refusal }
        return try await replay(existing, as: request)
    }

    private func replay(_ found: Order, as request: OrderRequest) async throws -> Outcome {
        guard found.request.fingerprint == request.fingerprint else { throw OrderError.keyReused }
        var order = found
        if order.status == .placing {
            guard !inFlight.contains(order.id) else {
                throw OrderError.inProgress("The first request with this key is still running.")
            }
            // The first request has ended since the order was read: what it decided is on disk now.
            order = try await store.order(found.id) ?? found
        }
        if order.status == .placing {
            // Its request was lost (a crash, most likely): have it finished now rather than later.
            try? await store.expedite(.finishOrder, found.id)
        }
        if order.status == .rejected, let refusal = order.progress.refusal {
            // Its key has just been freed: the next request with it places the order anew.
            guard refusal.status != 503 else {
                throw OrderError.inProgress(
                    "The first request with this key has just ended, with nothing done.")
            }
            return .refused(.refused(refusal), replayed: true)
        }
        return .order(order.status, id: order.id, document: try await store.document(order), replayed: true)
    }
}
