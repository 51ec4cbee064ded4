import Contracts
import Resilience

/// One life of a process: its events are dropped after a crash, and delayed while it is frozen.
///
/// The tasks of a dead process are never resumed.
final class Host: @unchecked Sendable {
    let name: String
    private(set) var isAlive = true
    /// Nanoseconds since the world began.
    private(set) var frozenUntil: Int64 = 0

    init(_ name: String) { self.name = name }

    func crash() { isAlive = false }

    func freeze(for milliseconds: Int64) { frozenUntil = Scheduler.shared.now + milliseconds * 1_000_000 }

    /// Waits; never returns in a process that dies meanwhile.
    func pause(_ milliseconds: Int64) async {
        await withUnsafeContinuation { continuation in
            Scheduler.shared.after(milliseconds, in: self) { continuation.resume() }
        }
    }

    /// The monotonic clock of the simulation, which `ContinuousClock` reads.
    var time: TimeSource {
        TimeSource(now: { ContinuousClock.now }) { [self] duration in
            try Task.checkCancellation()
            let sleeper = Sleeper()
            try await withTaskCancellationHandler {
                try await withUnsafeThrowingContinuation { continuation in
                    sleeper.sleep(continuation, for: duration, in: self)
                }
            } onCancel: {
                sleeper.wake(cancelled: true)
            }
        }
    }
}

private final class Sleeper: @unchecked Sendable {
    private var continuation: UnsafeContinuation<Void, any Error>?
    private var timer: Scheduler.Event?
    private var isCancelled = false

    func sleep(_ continuation: UnsafeContinuation<Void, any Error>, for duration: Duration, in host: Host) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        timer = Scheduler.shared.after(nanoseconds: duration.nanoseconds, in: host) { [self] in
            wake(cancelled: false)
        }
    }

    func wake(cancelled: Bool) {
        isCancelled = isCancelled || cancelled
        timer?.cancel()
        guard let continuation else { return }
        self.continuation = nil
        if cancelled { continuation.resume(throwing: CancellationError()) } else { continuation.resume() }
    }
}

extension Duration {
    /// Rounded up: the simulation's clock has whole nanoseconds, and less than one would never pass.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : whole + (attoseconds + 999_999_999) / 1_000_000_000
    }
}
