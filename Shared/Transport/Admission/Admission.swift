import HTTPTypes
import Resilience
import ServingPath

/// What was decided of a request from its head: its caller, its criticality and its deadline. Decided once,
/// when the head comes; the request's own work finds it as ``current``.
package struct Admission: Sendable {
    @TaskLocal static var current: Admission?

    /// Waits for another service on behalf of the request in work, if any: meanwhile another request may have
    /// its permit.
    package static func suspended<Value, Failure: Error>(
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let permit = current?.permit else { return try await body() }
        return try await permit.suspended(body)
    }

    /// Whether it shows the services' token; otherwise it is a client's.
    let isService: Bool
    /// The route's, changed by the header as far as the caller may.
    let criticality: Criticality
    /// When the request's head came: its time counts from here, the wait for a permit included.
    let arrival: ContinuousClock.Instant
    /// By the smaller of the route's budget and the header's.
    let deadline: Deadline
    /// Nil where no permit is needed: probes, and everything while the shedder is off.
    var permit: Shedder.Permit?

    /// - Parameters:
    ///   - criticality: the route's.
    ///   - budget: the route's.
    ///   - isService: whether the request shows the services' token.
    ///   - header: the value of one of the request's headers.
    init(
        criticality: Criticality, budget: Duration, isService: Bool, at arrival: ContinuousClock.Instant,
        header: (HTTPField.Name) -> String?
    ) {
        self.isService = isService
        self.criticality = criticality.asked(
            header(.criticality).flatMap(Criticality.init(rawValue:)), byService: isService)
        self.arrival = arrival
        deadline = .after(budget.shortened(to: header(.deadline)), from: arrival)
    }

    var request: Shedder.Request { Shedder.Request(criticality.priority, deadline: deadline) }
}

extension Criticality {
    /// A service's header is believed; any other caller can only lower the route's criticality.
    fileprivate func asked(_ given: Criticality?, byService isService: Bool) -> Criticality {
        guard let given else { return self }
        return isService ? given : min(given, self)
    }
}

extension Duration {
    /// The smaller of a route's budget and the caller's, in milliseconds; a header that isn't a number
    /// doesn't count.
    fileprivate func shortened(to header: String?) -> Duration {
        guard let given = header.flatMap(Int.init) else { return self }
        return min(self, .milliseconds(min(max(given, 0), 86_400_000)))
    }
}

/// The admission of the request that was last admitted on one connection, on its way to the work: at most one
/// request of a connection is in work at a time.
final class AdmissionSlot: Sendable {
    private let admission = Locked<Admission?>(nil)

    func put(_ new: Admission) { admission.withLock { $0 = new } }

    func take() -> Admission? {
        admission.withLock { admission in
            defer { admission = nil }
            return admission
        }
    }
}
