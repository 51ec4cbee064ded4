extension SingleFlight {
    /// Joins or begins a flight, and waits for its end, for the caller's deadline or for its cancellation.
    func outcome(
        _ key: Key, _ context: CallContext, _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async -> Outcome {
        let caller = state.withLock { $0.newCaller() }
        var timer: Task<Void, Never>?
        defer { timer?.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                switch state.withLock({ $0.join(key, caller, waiter) }) {
                case .full:
                    waiter.resume(returning: .left(.bulkheadFull))
                    return
                case .first: start(key, flight: caller, work)
                case .another: break
                }
                // A cancellation before the caller had joined found no waiter to send away.
                if Task.isCancelled { leave(key, caller, .cancelled) }
                if let deadline = context.deadline {
                    timer = until(deadline) { self.leave(key, caller, .deadlineExceeded) }
                }
            }
        } onCancel: {
            leave(key, caller, .cancelled)
        }
    }

    private func leave(_ key: Key, _ caller: UInt64, _ reason: Rejection) {
        let left = state.withLock { $0.leave(key, caller) }
        left.abandoned?.cancel()
        left.waiter?.resume(returning: .left(reason))
    }

    private func start(
        _ key: Key, flight: UInt64, _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) {
        let task = Deadline.$current.withValue(nil) {
            Task {
                let result: Result<Value, Failure>
                do throws(Failure) {
                    result = .success(try await work())
                } catch {
                    result = .failure(error)
                }
                for waiter in state.withLock({ $0.finish(key, flight: flight) }) {
                    waiter.resume(returning: .answered(result))
                }
            }
        }
        state.withLock { $0.started(key, flight: flight, work: task) }?.cancel()
    }

    private func until(_ deadline: Deadline, _ act: @escaping @Sendable () -> Void) -> Task<Void, Never> {
        Task { [time = environment.time] in
            try? await time.sleep(max(.zero, deadline.remaining(at: time.now())))
            if !Task.isCancelled { act() }
        }
    }
}
