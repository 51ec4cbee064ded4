import Resilience

/// The calls of one operation at one criticality: their policies, which they share with no other calls, and
/// their outcomes. So a failure can't block calls of a higher criticality, or an operation that works.
///
/// The policies, outermost first: bulkhead → timeout → retry → breaker → timeout of the try. A fallback
/// is around them all (``OptionalOperation``).
final class OperationTraffic: Sendable {
    typealias Layers = Layered<Layered<Layered<Layered<Bulkhead, Timeout>, Retry>, CircuitBreaker>, Timeout>

    struct LastFailure: Sendable {
        var reason: Unavailability.Reason
        var at: ContinuousClock.Instant
    }

    let criticality: Criticality
    let breaker: CircuitBreaker
    private let dependency: String
    private let isCritical: Bool
    private let bulkhead: Bulkhead
    private let tally = CallTally()
    private let timeout: Timeout
    private let retry: Retry
    private let retryBudget: RetryBudget
    private let attemptTimeout: Timeout
    private let queueTimeout: Timeout
    /// For calls that a customer waits for.
    private let customerPipeline: Pipeline<Layers>
    private let readiness: ReadinessProbe?
    private let environment: PathEnvironment
    private let failure = Locked<LastFailure?>(nil)

    /// - Parameter isReady: asks a critical dependency whether it is ready, before a customer's call probes
    ///   it.
    init(
        of dependency: String, _ operation: String, _ criticality: Criticality, isCritical: Bool,
        _ protection: Protection,
        isReady: (@Sendable (Deadline) async -> Bool)?, environment: PathEnvironment
    ) throws(InvalidConfiguration) {
        let probe = isReady.map { ReadinessProbe(time: environment.time, ask: $0) }
        let policies = PolicyEnvironment(
            name: "\(dependency).\(operation)@\(criticality.rawValue)", time: environment.time,
            random: environment.random
        ) { event in
            if case .breakerChanged(_, to: .open, _) = event.kind { probe?.forget() }
            environment.happened(event)
        }
        self.dependency = dependency
        self.criticality = criticality
        self.isCritical = isCritical
        self.environment = environment
        readiness = probe
        bulkhead = try Bulkhead(protection.bulkhead, environment: policies)
        timeout = try Timeout(protection.timeout, environment: policies)
        retryBudget = try RetryBudget(protection.retryBudget)
        retry = try Retry(protection.retry, budget: retryBudget, environment: policies)
        breaker = try CircuitBreaker(protection.breaker, environment: policies)
        attemptTimeout = try Timeout(protection.attemptTimeout, environment: policies)
        queueTimeout = try Timeout(protection.queueTimeout, environment: policies)
        customerPipeline = Pipeline { [bulkhead, timeout, retry, breaker, attemptTimeout] in
            bulkhead
            timeout
            retry
            breaker
            attemptTimeout
        }
    }

    // MARK: Calls

    /// Makes one call under the policies.
    ///
    /// A customer never waits for a probe: while the breaker isn't closed the customer's call is refused, and
    /// the same call runs beside the request as the probe. A critical dependency, whose calls have weight, is
    /// probed only once it has said that it is ready, and only by idempotent calls, since the same call is
    /// made again when the request is finished.
    ///
    /// - Parameter answered: told how long each answered try took, a probe beside the request included.
    func run<Value: Sendable, Refusal: Sendable>(
        _ caller: Caller, isIdempotent: Bool, answered: @escaping @Sendable (Duration) -> Void,
        live: @escaping @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(DependencyFailure<Refusal>) -> Value {
        let tries = Tries()
        let begin = environment.time.now()
        let live: @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value = {
            [attemptTimeout, time = environment.time] (context) async throws(DependencyFailure<Refusal>)
                -> Value in
            // A caller in a hurry must not open the breaker for all others: its timeouts say nothing about
            // the dependency.
            let slowAfter = attemptTimeout.configuration.limit / 4
            let begin = time.now()
            tries.begin(hurried: context.deadline.map { $0.remaining(at: begin) < slowAfter } ?? false)
            do throws(DependencyFailure<Refusal>) {
                let value = try await live(context)
                answered(begin.duration(to: time.now()))
                return value
            } catch {
                switch error {
                case .refused: answered(begin.duration(to: time.now()))
                case .unavailable(let why): tries.failed(why)
                }
                throw error
            }
        }
        let result: Result<Value, CallFailure<DependencyFailure<Refusal>>>
        do throws(CallFailure<DependencyFailure<Refusal>>) {
            switch caller {
            case .queue: result = .success(try await callForTheQueue(tries, live))
            case .customer(let deadline, let criticality):
                let context = CallContext(
                    deadline: deadline, priority: criticality.priority, isIdempotent: isIdempotent)
                guard breaker.isClosed || mayTry(tries, isIdempotent, live) else {
                    throw .rejected(.circuitOpen(retryAfter: nil))
                }
                result = .success(try await call(context, tries, live))
            }
        } catch {
            result = .failure(error)
        }
        switch result {
        case .success(let value):
            count(.ok, since: begin)
            return value
        case .failure(.failed(let failure, _)):
            switch failure {
            case .refused:
                count(.refused, since: begin)
                throw failure
            case .unavailable(let why):
                count(why.reason == .unexpectedRefusal ? .refused : .unavailable, why, since: begin)
                throw .unavailable(tries.marked(why))
            }
        case .failure(.rejected(let rejection)):
            let why = Unavailability(rejection: rejection)
            // A call that was refused before its second try was made all the same.
            if let last = tries.last {
                count(.unavailable, last, since: begin)
            } else {
                count(rejection.disposition.health == .faulty ? .unavailable : .rejected, why, since: begin)
            }
            throw .unavailable(tries.marked(why))
        }
    }

    private func call<Value: Sendable, Refusal: Sendable>(
        _ context: CallContext, _ tries: Tries,
        _ live: @escaping @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(CallFailure<DependencyFailure<Refusal>>) -> Value {
        try await customerPipeline.run(context, classify: { disposition(of: $0, tries) }, live)
    }

    /// One try: the queue itself repeats what fails. This try may be the probe that closes the breaker.
    private func callForTheQueue<Value: Sendable, Refusal: Sendable>(
        _ tries: Tries,
        _ live: @escaping @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(CallFailure<DependencyFailure<Refusal>>) -> Value {
        let policies = Pipeline { [bulkhead, breaker, queueTimeout] in
            bulkhead
            breaker
            queueTimeout
        }
        // Includes the wait for a permit: a lane of the queue must not be held up by a crowd of customers.
        let deadline = Deadline.after(queueTimeout.configuration.limit, from: environment.time.now())
        let context = CallContext(deadline: deadline, priority: criticality.priority)
        return try await policies.run(context, classify: { disposition(of: $0, tries) }, live)
    }

    /// What a failed try says about the dependency. If it sheds a sheddable call, it is healthy: it keeps its
    /// capacity for higher criticalities.
    private func disposition(of failure: DependencyFailure<some Sendable>, _ tries: Tries) -> Disposition {
        if case .unavailable(let why) = failure, why.reason == .overloaded, criticality < .critical {
            return .ignored
        }
        return tries.disposition(of: failure)
    }

    // MARK: Probes

    /// Whether a customer's call may be the probe itself; if not, readiness is asked or the probe is started
    /// beside the request.
    private func mayTry<Value: Sendable, Refusal: Sendable>(
        _ tries: Tries, _ isIdempotent: Bool,
        _ live: @escaping @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value
    ) -> Bool {
        guard breaker.isProbeDue else { return false }
        if let readiness, !readiness.isConfirmed(within: attemptTimeout.configuration.limit) { return false }
        guard !isCritical || isIdempotent else { return true }
        // Beside the request, and not within its deadline; but at the request's criticality, or it would be
        // shed where the request isn't.
        tries.goOnBeside()
        Deadline.$current.withValue(nil) {
            _ = Task { [self] in
                let context = CallContext(deadline: nil, priority: criticality.priority)
                _ = try? await call(context, tries, live)
            }
        }
        return false
    }

    private func count(
        _ outcome: CallOutcome, _ why: Unavailability? = nil, since begin: ContinuousClock.Instant
    ) {
        let now = environment.time.now()
        tally.count(outcome)
        if let why, outcome != .rejected {
            failure.withLock { $0 = LastFailure(reason: why.reason, at: now) }
        }
        environment.called(dependency, outcome, begin.duration(to: now))
    }

    // MARK: Numbers

    /// Numbers that have passed the check are accepted by every policy.
    func reconfigure(_ new: Protection) throws(InvalidConfiguration) {
        try timeout.reconfigure(Timeout.Configuration(limit: new.timeout))
        try attemptTimeout.reconfigure(Timeout.Configuration(limit: new.attemptTimeout))
        try queueTimeout.reconfigure(Timeout.Configuration(limit: new.queueTimeout))
        try retry.reconfigure(new.retry)
        try retryBudget.reconfigure(new.retryBudget)
        try bulkhead.reconfigure(new.bulkhead)
        try breaker.reconfigure(new.breaker)
    }

    var status: TrafficStatus {
        let now = environment.time.now()
        return TrafficStatus(
            criticality: criticality, breaker: breaker.snapshot, bulkhead: bulkhead.snapshot,
            calls: tally.counts,
            lastFailure: failure.withLock { $0 }.map { ($0.reason, $0.at.duration(to: now)) })
    }
}
