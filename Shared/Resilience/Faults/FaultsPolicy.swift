public import Synchronization

extension Faults {
    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        guard isArmed.load(ordering: .relaxed) else { return try await operation(context) }
        return try await applyArmed(context, operation)
    }

    @usableFromInline
    func applyArmed<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        let now = context.now(environment.time)
        // A call whose deadline has passed is never sent: no real fault would affect it.
        if let deadline = context.deadline, deadline.hasPassed(at: now) {
            return try await operation(context)
        }
        guard let injection = injection(environment.name, context.priority, now: now) else {
            return try await operation(context)
        }
        defer { injection.end() }
        for bite in injection.before {
            if let rejection = await carryOut(bite, &context) { throw .rejected(rejection) }
        }
        let result: Result<Value, CallFailure<Failure>>
        do throws(CallFailure<Failure>) {
            result = .success(try await operation(context))
        } catch {
            result = .failure(error)
        }
        for bite in injection.after {
            context.waited()
            if let rejection = await carryOut(bite, &context) { throw .rejected(rejection) }
        }
        return try result.get()
    }

    /// - Returns: how the call ends, nil if it goes on.
    private func carryOut(_ bite: FaultBite, _ context: inout CallContext) async -> Rejection? {
        if bite.delay > .zero, let rejection = await hold(&context, for: bite.delay) { return rejection }
        switch bite.kind {
        case .latency: return nil
        case .error, .abort, .garbage: return .injected(bite.kind)
        case .blackHole:
            while true {
                if let rejection = await hold(&context, for: .seconds(86_400)) { return rejection }
            }
        }
    }

    /// Waits, at most until the deadline.
    private func hold(_ context: inout CallContext, for delay: Duration) async -> Rejection? {
        let time = environment.time
        let remaining = context.deadline?.remaining(at: context.now(time))
        do {
            try await time.sleep(max(.zero, min(delay, remaining ?? delay)))
        } catch {
            return .cancelled
        }
        context.waited()
        return remaining.map { $0 <= delay } == true ? .timedOut : nil
    }
}
