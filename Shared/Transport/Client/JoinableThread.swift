import CCurl
import Resilience

/// One named thread that gets no signals and can be joined.
final class JoinableThread: Sendable {
    private let handle: Locked<UInt?>

    /// Nil when the system can't start another thread; `body` then never runs.
    init?(name: String, body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle: UInt = 0
        guard csp_thread_start(runThread, start.toOpaque(), &handle) else {
            start.release()
            return nil
        }
        self.handle = Locked(handle)
    }

    /// Returns when the thread has ended; later and concurrent calls too.
    func join() {
        handle.withLock { handle in
            if let thread = handle { csp_thread_join(thread) }
            handle = nil
        }
    }
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
    csp_thread_name(start.name)
    start.body()
    return nil
}
