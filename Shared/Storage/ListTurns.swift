import Resilience

/// Runs a store's lists one at a time, so that the log can be emptied between two of them; and after each,
/// none for as long as it took, so that all lists together use half of one core, however many clients ask.
///
/// Lists that overlap would keep the log from being emptied for ever (decision 0006); all other reads take
/// well under a millisecond.
final class ListTurns: Sendable {
    private struct State {
        var isTaken = false
        /// When the rest after the last list is over.
        var restsUntil: ContinuousClock.Instant?
        var first: (@Sendable () -> Void)?
        var waiting: [@Sendable () -> Void] = []

        /// The next to run, if anything waits.
        mutating func next() -> (@Sendable () -> Void)? {
            if let first = first.take() { return first }
            isTaken = !waiting.isEmpty
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }

    private let time: TimeSource
    private let state = Locked(State())

    init(time: TimeSource = .system) { self.time = time }

    /// Runs `body` when its turn comes, in the order of asking.
    func list<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await turn()
        defer { leave() }
        if let rest = state.withLock(\.restsUntil).map({ time.now().duration(to: $0) }), rest > .zero {
            try await time.sleep(rest)
        }
        let begun = time.now()
        defer {
            let ended = time.now()
            state.withLock { $0.restsUntil = ended + begun.duration(to: ended) }
        }
        return try await body()
    }

    private func turn() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.isTaken else {
                    state.isTaken = true
                    return true
                }
                state.waiting.append { continuation.resume() }
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Runs `body` before any list that waits; lists go on when it calls `done`. A second one that comes
    /// while the first waits is dropped.
    func between(_ body: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) {
        let turn: @Sendable () -> Void = { [self] in body { self.leave() } }
        let isFree = state.withLock { state in
            guard state.isTaken else {
                state.isTaken = true
                return true
            }
            if state.first == nil { state.first = turn }
            return false
        }
        if isFree { turn() }
    }

    private func leave() { state.withLock { $0.next() }?() }
}
