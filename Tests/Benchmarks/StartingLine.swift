import Synchronization

/// Lets several tasks begin at one moment, each on a thread of its own: a task that ends before the next
/// one's thread is awake would leave its thread to it, and nothing would be done side by side.
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
