import Contracts
import Resilience
import ServingPath
import Transport

/// Notification is optional and never on a request's way: events reach it through the queue, however late.
struct NotificationClient: Sendable {
    /// No request waits, and the queue comes again. The breaker leaves a service alone that is coming back.
    static let protection = Protection(
        timeout: .milliseconds(500), attemptTimeout: .milliseconds(500), queueTimeout: .seconds(2),
        retry: Retry.Configuration(attempts: 1),
        bulkhead: Bulkhead.Configuration(limit: 32, waiting: 0, reserved: 0),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(10)), minimumCalls: 10, failureRate: 0.5, slowCall: .seconds(1),
            slowCallRate: 0.8, openDuration: .seconds(1), longestOpenDuration: .seconds(5), probes: 1,
            probeTimeout: .seconds(3)))

    enum Sending: Sendable {
        case accepted
        /// It can't be read over there, and never will be.
        case refused(ProblemDocument)
    }

    /// Tells notification of an event; one event id is one notification, however often it is sent.
    let send: OptionalOperation<CloudEvent, Sending>

    init(_ client: ServiceClient, on path: CriticalPath, protection: Protection) throws {
        let step = try path.optional(
            Declaration(
                name: "notification", criticality: .sheddable,
                fallback: "the message stays in the queue and is sent again",
                effect: "Messages about orders arrive later.",
                effectTranslations: ["ko": "주문 안내 메시지가 늦게 도착합니다."], protection: protection))
        send = try OptionalOperation(
            step, "send", route: "POST /events", isIdempotent: true, live: client.send,
            fallback: { _, _ in .absent })
    }

    /// Whether events stay in the queue for now.
    var isOpen: Bool { send.isOpen(for: Caller.queue.criticality) }
}

extension ServiceClient {
    fileprivate func send(
        _ event: CloudEvent, _ context: CallContext
    ) async throws(Unavailability) -> NotificationClient.Sending {
        try await optional {
            () async throws(CallError) in
            _ = try await call(
                "POST", "/events", body: event, expecting: [202], refusals: ["invalid-request"], in: context
            ) { (receipt: EventReceipt) in receipt.id == event.id && receipt.accepted }
            return .accepted
        } refused: {
            .refused($0)
        }
    }
}
