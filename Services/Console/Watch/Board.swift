import Contracts
import Foundation
import Resilience

/// The last snapshot, ten minutes of history, and who follows them.
final class Board: Sendable {
    /// Points, one a second.
    private static let kept = 600
    /// Snapshots that a follower may miss in a row before it is dropped.
    private static let mostMissed = 10

    private struct Follower {
        var stream: AsyncStream<Data>.Continuation
        var missed = 0
    }

    private struct State {
        var snapshot: Data?
        var history: [HistoryPoint] = []
        var followers: [Int: Follower] = [:]
        var count = 0
        var isClosed = false
    }

    private let state = Locked(State())

    /// As JSON; nil before the first.
    var snapshot: Data? { state.withLock { $0.snapshot } }
    /// The newest last.
    var history: [HistoryPoint] { state.withLock { $0.history } }

    func publish(_ snapshot: ConsoleSnapshot) throws {
        let data = try JSON.encode(snapshot)
        let event = Self.event(data)
        let late = state.withLock { state in
            var late: [AsyncStream<Data>.Continuation] = []
            state.snapshot = data
            state.history.append(snapshot.point)
            if state.history.count > Self.kept { state.history.removeFirst() }
            for (id, follower) in state.followers {
                guard case .dropped = follower.stream.yield(event) else {
                    state.followers[id]?.missed = 0
                    continue
                }
                state.followers[id]?.missed += 1
                if follower.missed + 1 >= Self.mostMissed { late.append(follower.stream) }
            }
            return late
        }
        // Outside of the lock, which their end takes.
        for stream in late { stream.finish() }
    }

    /// The last snapshot at once, then each one as a server-sent event. One that isn't read gives way to the
    /// next.
    func subscribe() -> AsyncStream<Data> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Data.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            guard !state.isClosed else { return continuation.finish() }
            let id = state.count
            state.count += 1
            state.followers[id] = Follower(stream: continuation)
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.followers.removeValue(forKey: id) }
            }
            continuation.yield(state.snapshot.map(Self.event) ?? Self.retry)
        }
        return stream
    }

    /// Ends all streams.
    func close() {
        let followers = state.withLock { state in
            state.isClosed = true
            return state.followers.values.map(\.stream)
        }
        for follower in followers { follower.finish() }
    }

    private static let retry = Data("retry: 1000\n\n".utf8)

    private static func event(_ snapshot: Data) -> Data {
        Data("event: snapshot\nretry: 1000\ndata: ".utf8) + snapshot + Data("\n\n".utf8)
    }
}
