public import Synchronization

/// A value behind a lock: `Mutex`, made safe to use from asynchronous code.
///
/// `Mutex` finds the calling thread's id in thread-local storage. Inlined into an asynchronous function, that look-up can be
/// kept across a suspension by the optimiser (seen with Swift 6.3.1 on Linux, release builds), so that the function goes on
/// on another thread with the first one's id and the lock ends the process: "unlock on a thread which hasn't acquired the
/// lock". Here locking and unlocking stay in a function of their own, which never suspends.
public struct Locked<Value>: ~Copyable, Sendable {
    @usableFromInline let mutex: Mutex<Value>

    public init(_ value: sending Value) { mutex = Mutex(value) }

    /// Runs `body` with the value while nobody else has it. `body` must neither wait nor lock the same value again.
    @inlinable
    @inline(never)
    public borrowing func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock(body)
    }
}
