extension Shedder: Policy {
    /// Makes the call when it is its turn. ``CallContext/priority`` is its rank, and what its deadline leaves
    /// is how long its caller waits.
    ///
    /// A call that succeeds or is refused by the dependency's rules counts as a sample; one that fails counts
    /// only if it took as long as it may queue; one that says nothing of the dependency, because its caller
    /// gave it up, only gives its permit back.
    /// - Throws: ``Rejection/limitReached``, ``Rejection/deadlineExceeded`` or ``Rejection/cancelled`` for a
    ///   call that was not made.
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        let permit: Permit
        switch await admission(of: &context) {
        case .success(let admitted): permit = admitted
        case .failure(let rejection):
            environment.report(.rejected(rejection))
            throw .rejected(rejection)
        }
        do throws(CallFailure<Failure>) {
            let value = try await operation(context)
            permit.end(countsAsSample: true)
            return value
        } catch {
            // A call that was cancelled says nothing about the other end, whatever error that looks like.
            switch Task.isCancelled ? .unknown : error.disposition.health {
            case .healthy: permit.end(countsAsSample: true)
            case .faulty: permit.end(countsAsSample: false)
            case .unknown: permit.abandon()
            }
            throw error
        }
    }

    private func admission(of context: inout CallContext) async -> Result<Permit, Rejection> {
        let request = Request(context.priority, deadline: context.deadline)
        let call = WaitingCall()
        switch ask(request, at: context.now(environment.time), call) {
        case .admitted(let permit): return .success(permit)
        case .refused(let refusal): return .failure(Rejection(refusal))
        case .waiting(let ticket):
            context.waited()
            return await withTaskCancellationHandler {
                await call.outcome
            } onCancel: {
                if leave(ticket) { call.tell(.failure(.cancelled)) }
            }
        }
    }
}

extension Rejection {
    fileprivate init(_ refusal: Shedder.Refusal) {
        switch refusal {
        case .overloaded: self = .limitReached
        case .deadlineExceeded: self = .deadlineExceeded
        }
    }
}

/// A call that waits for its turn.
private final class WaitingCall: Shedder.Waiter {
    typealias Outcome = Result<Shedder.Permit, Rejection>

    private enum Phase {
        case unasked
        case waiting(CheckedContinuation<Outcome, Never>)
        case told(Outcome)
    }

    private let phase = Locked(Phase.unasked)

    /// To be asked for once.
    var outcome: Outcome {
        get async {
            await withCheckedContinuation { waking in
                let told = phase.withLock { phase -> Outcome? in
                    if case .told(let outcome) = phase { return outcome }
                    phase = .waiting(waking)
                    return nil
                }
                if let told { waking.resume(returning: told) }
            }
        }
    }

    /// Called once: a call that has left is told nothing by the shedder.
    func tell(_ outcome: Outcome) {
        let waking = phase.withLock { phase -> CheckedContinuation<Outcome, Never>? in
            defer { phase = .told(outcome) }
            guard case .waiting(let waking) = phase else { return nil }
            return waking
        }
        waking?.resume(returning: outcome)
    }

    func admitted(_ permit: Shedder.Permit) { tell(.success(permit)) }

    func refused(_ refusal: Shedder.Refusal) { tell(.failure(Rejection(refusal))) }
}
