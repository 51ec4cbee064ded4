import Contracts
import Resilience

/// The queue's time in milliseconds: the wall clock's when the process began, plus the monotonic time since.
/// A wall clock that is set while the process runs ends no lease and delays no message.
package struct QueueClock: Sendable {
    let time: TimeSource
    private let origin: Int64
    private let started: ContinuousClock.Instant

    init(time: TimeSource, wall: Int64) {
        self.time = time
        origin = wall
        started = time.now()
    }

    var now: Int64 { origin + started.duration(to: time.now()).wholeMilliseconds }
}
