import Resilience

/// Lists of a store are read one at a time, so that between two of them the log can be emptied.
///
/// Lists that overlap would keep it from that for ever (decision 0006), and whatever else reads takes well under a millisecond.
final class ListTurns: Sendable {
    private struct State {
        var isTaken = false
        var first: (@Sendable () -> Void)?
        var waiting: [@Sendable () -> Void] = []

        /// Whose turn comes now, if anything waits.
        mutating func next() -> (@Sendable () -> Void)? {
            if let first = first.take() { return first }
            isTaken = !waiting.isEmpty
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }

    private let state = Locked(State())

    /// Runs `body` when its turn comes, in the order of asking.
    func list<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
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
        defer { leave() }
        return try await body()
    }

    /// Runs `body` before any list that waits; lists go on when it calls `done`. One that comes while another waits is dropped.
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
