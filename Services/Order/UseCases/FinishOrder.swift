import Contracts
import Queue
import Resilience
import ServingPath

/// Takes up an order that was begun and not ended, after a crash or in an outage: the same checkout as in
/// ``PlaceOrder``, from the start; every step answers what it answered before.
struct FinishOrder: Sendable {
    let store: OrderStore
    let runCheckout: RunCheckout
    let inFlight: InFlightOrders
    /// After this, an order that could not be finished is undone and cancelled.
    let acceptedMaxAge: Duration
    let isNotificationUnavailable: @Sendable () -> Bool
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async throws -> DeliveryResult {
        guard inFlight.begin(message.key) else { return .unavailable("its request is still running") }
        defer { inFlight.end(message.key) }
        guard let order = try await store.order(message.key), !order.status.isTerminal else { return .done() }
        let now = wall()
        let oldest = now.advanced(by: .zero - acceptedMaxAge)
        if let expired = try OrderChange.expired(order, oldest: oldest, at: now) { return done(expired) }
        return try await finish(order)
    }

    private func finish(_ begun: Order) async throws -> DeliveryResult {
        let (order, ending) = try await runCheckout(begun, for: .queue)
        let circumstances = Decision.Circumstances(
            isCustomerWaiting: false, isNotificationUnavailable: isNotificationUnavailable(), now: wall())
        switch try Decision.decide(ending, order, circumstances) {
        case .conclude(let change, _), .promise(let change, _, _): return done(change)
        case .retry(let pending):
            // Once for each reason, so that a long outage doesn't fill the timeline.
            if !order.repeatsStep(of: begun) { _ = try await store.save(order) }
            return DeliveryResult(pending.reason, saying: pending.words)
        }
    }

    /// One transaction with the end of this message, fenced by the order's version and the message's lease: a
    /// cancellation meanwhile has taken the message away.
    private func done(_ change: OrderChange) -> DeliveryResult { .done(commit: store.concluding(change)) }
}
