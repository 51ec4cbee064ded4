import Resilience

/// Asks a critical dependency whether it is ready, one request at a time, while its breaker is open: only
/// after a yes does a customer's call probe it.
final class ReadinessProbe: Sendable {
    /// Each question has a number, so that a late answer to a forgotten one counts for nothing.
    private enum Answer: Equatable { case unknown, asked(Int), yes }

    private let time: TimeSource
    private let ask: @Sendable (Deadline) async -> Bool
    private let state = Locked((answer: Answer.unknown, questions: 0))

    init(time: TimeSource, ask: @escaping @Sendable (Deadline) async -> Bool) {
        self.time = time
        self.ask = ask
    }

    /// False: it hasn't said yes since the breaker last opened. Then it is asked beside the request, unless a
    /// question is under way.
    func isConfirmed(within limit: Duration) -> Bool {
        let (isConfirmed, question) = state.withLock { state -> (Bool, Int?) in
            guard state.answer == .unknown else { return (state.answer == .yes, nil) }
            state.questions += 1
            state.answer = .asked(state.questions)
            return (false, state.questions)
        }
        if let question { put(question, limit) }
        return isConfirmed
    }

    /// Neither an answer so far nor the answer to a question under way counts any more.
    func forget() { state.withLock { $0.answer = .unknown } }

    private func put(_ question: Int, _ limit: Duration) {
        // Beside the request, and not within its deadline.
        Deadline.$current.withValue(nil) {
            _ = Task {
                let isReady = await ask(.after(limit, from: time.now()))
                state.withLock { if $0.answer == .asked(question) { $0.answer = isReady ? .yes : .unknown } }
            }
        }
    }
}
