public import Synchronization

/// A value behind a lock: `Mutex`, made safe to use from asynchronous code.
///
/// `Mutex` finds the calling thread's id in thread-local storage. Inlined into an asynchronous function, that
/// look-up can be kept across a suspension by the optimiser (seen with Swift 6.3.1 on Linux, release builds):
/// the function goes on on another thread with the first one's id, and the lock ends the process with "unlock
/// on a thread which hasn't acquired the lock". Here locking and unlocking stay in a function of their own,
/// which never suspends.
public struct Locked<Value>: ~Copyable, Sendable {
    @usableFromInline let mutex: Mutex<Value>
    #if THREAD_SANITIZER
        @usableFromInline let gate = SanitizedGate()
    #endif

    /// Takes the value over; no other reference into it may be kept.
    public init(_ value: sending Value) { mutex = Mutex(value) }

    /// Runs `body` with exclusive access to the value. `body` must neither wait nor lock the same value
    /// again.
    @inlinable
    @inline(never)
    public borrowing func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        #if THREAD_SANITIZER
            gate.enter()
            defer { gate.leave() }
        #endif
        return try mutex.withLock(body)
    }
}

#if THREAD_SANITIZER
    /// The thread sanitizer doesn't know how a contended `Mutex` is passed on (Swift 6.3.1 on Linux) and
    /// reports a race each time. Behind this gate the mutex is never contended. `Scripts/check-races` sets
    /// the flag; no other build has the gate.
    @usableFromInline struct SanitizedGate: ~Copyable, Sendable {
        @usableFromInline let taken = Atomic(false)

        @inlinable
        init() {}

        @inlinable
        func enter() {
            while taken.exchange(true, ordering: .acquiring) {
                while taken.load(ordering: .relaxed) {}
            }
        }

        @inlinable
        func leave() { taken.store(false, ordering: .releasing) }
    }
#endif
