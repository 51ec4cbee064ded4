import Resilience

/// What is known of an admitted request; the request's own work finds it as ``current``.
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

    /// When the request's head came: its time counts from here, the wait for a permit included.
    let arrival: ContinuousClock.Instant
    /// Nil where no permit is needed: probes, and everything while the shedder is off.
    let permit: Shedder.Permit?
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
