import Synchronization

/// Starts several tasks at the same time, each on its own thread. Otherwise a task that ends before the next
/// thread wakes would pass its thread on, and nothing would run concurrently.
///
/// It spins, so it must not wait for more tasks than there are processors.
final class StartingLine: Sendable {
    private let missing: Atomic<Int>

    init(tasks: Int) { missing = Atomic(tasks) }

    func wait() {
        missing.subtract(1, ordering: .acquiringAndReleasing)
        while missing.load(ordering: .acquiring) > 0 {}
    }
}
