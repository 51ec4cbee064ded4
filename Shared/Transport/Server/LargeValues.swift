import Dispatch
import Resilience
import Synchronization

/// Encodes and decodes values that are too large for the event loop.
///
/// One loop serves every request of the process, so anything that takes milliseconds on it delays all of
/// them. Large values take turns on one thread of their own: they delay only each other, and use one core at
/// most.
package enum LargeValues {
    /// Bytes of a body. The most expensive JSON of this size takes about 1 ms to decode; an order of 100
    /// items is smaller.
    static let threshold = 8 * 1024

    private static let queue = DispatchQueue(label: "large values")
    private static let isInline = Atomic(false)

    /// For the simulator, which has one thread: when another one finishes is up to the machine.
    package static func runInline() { isInline.store(true, ordering: .relaxed) }

    /// - Throws: 503 if the deadline passed before its turn came: its client no longer waits.
    static func run<Value: Sendable>(
        before deadline: Deadline? = nil, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        if isInline.load(ordering: .relaxed) { return try body() }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        if let deadline, deadline.hasPassed() { throw Problem.deadlineExceeded }
                        return try body()
                    })
            }
        }
    }
}
