import Resilience

/// Asks a critical dependency whether it is ready, one question at a time, while its breaker is open: only when it has said
/// yes does a customer's call try it out.
final class ReadinessProbe: Sendable {
    private enum Answer { case unknown, asked, yes }

    private let time: TimeSource
    private let ask: @Sendable (Deadline) async -> Bool
    private let answer = Locked(Answer.unknown)

    init(time: TimeSource, ask: @escaping @Sendable (Deadline) async -> Bool) {
        self.time = time
        self.ask = ask
    }

    /// False: it hasn't said yes since it was last given up. Then it is asked beside the request, unless it is being asked.
    func isConfirmed(within limit: Duration) -> Bool {
        let found = answer.withLock { answer in
            defer { if answer == .unknown { answer = .asked } }
            return answer
        }
        if found == .unknown {
            Task {
                let isReady = await ask(.after(limit, from: time.now()))
                answer.withLock { if $0 == .asked { $0 = isReady ? .yes : .unknown } }
            }
        }
        return found == .yes
    }

    /// What it said doesn't count any more.
    func forget() { answer.withLock { $0 = .unknown } }
}
