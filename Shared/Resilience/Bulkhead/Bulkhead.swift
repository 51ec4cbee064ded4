import Synchronization

/// Bounds how many calls are under way at once, so that one slow dependency can't take all of its caller's
/// resources (M. Nygard, *Release It!*, 2007).
///
/// A call without a free permit waits in a bounded queue, the higher priority first and within it the longest
/// waiting, no longer than its deadline and ``Configuration/longestWait``. When the queue is full, a call of
/// a higher priority replaces the last one.
///
/// A call that may not wait, or has waited for ``Configuration/longestWait``, ends as
/// ``Rejection/bulkheadFull``; one whose deadline passes while it waits as ``Rejection/deadlineExceeded``.
///
/// **Cancellation.** A waiting call leaves at once with ``Rejection/cancelled``. A permit comes back when the
/// operation ends, however it ends.
public final class Bulkhead: Policy {
    /// How many calls run at once, how many wait, and how many permits are reserved.
    public struct Configuration: PolicyConfiguration {
        /// Calls at once: 1 to 1,000,000.
        public var limit: Int
        /// Calls that may wait: 0, the default (refuse at once), to 100,000.
        public var waiting: Int
        /// The longest wait, besides the deadline; above zero, at most 100 years. Nil, the default: until the
        /// deadline.
        public var longestWait: Duration?
        /// Permits that only calls of priority `reservedFrom` or higher may take: 0, the default, to `limit`
        /// − 1.
        public var reserved: Int
        /// By default anything above ``Priority/normal``.
        public var reservedFrom: Priority

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(
            limit: Int, waiting: Int = 0, longestWait: Duration? = nil, reserved: Int = 0,
            reservedFrom: Priority = Priority(rank: 1)
        ) {
            self.limit = limit
            self.waiting = waiting
            self.longestWait = longestWait
            self.reserved = reserved
            self.reservedFrom = reservedFrom
        }

        public static var policy: String { "Bulkhead" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require((1...1_000_000).contains(limit), "limit", limit, "1 to 1000000")
            check.require((0...100_000).contains(waiting), "waiting", waiting, "0 to 100000")
            check.require(
                longestWait?.isReasonable ?? true, "longestWait", longestWait ?? .zero,
                "above zero and at most 100 years")
            let others = max(limit, 1) - 1
            check.require((0...others).contains(reserved), "reserved", reserved, "0 to limit - 1 (\(others))")
            return check.problems
        }
    }

    /// The state of a bulkhead at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// Calls at once, as configured now.
        public var limit: Int
        /// Calls under way.
        public var inUse: Int
        /// Calls that wait for their turn.
        public var waiting: Int
        /// Calls that found no permit, were replaced in the queue, or waited in vain, since the beginning.
        public var refused: Int
    }

    /// The right to make one call; it has to be given back with ``Bulkhead/release(_:)``. Only the first time
    /// counts; one that is dropped comes back by itself.
    public final class Permit: Sendable {
        fileprivate let bulkhead: Bulkhead
        private let isBack = Atomic(false)

        fileprivate init(of bulkhead: Bulkhead) { self.bulkhead = bulkhead }

        fileprivate func giveBack() { if !isBack.exchange(true, ordering: .relaxed) { bulkhead.release() } }

        deinit { giveBack() }
    }

    private struct Room {
        var state: BulkheadState
        var lastWaiter: UInt64 = 0
        var waking: [UInt64: CheckedContinuation<Rejection?, Never>] = [:]

        mutating func take(_ ids: [UInt64]) -> [CheckedContinuation<Rejection?, Never>] {
            ids.compactMap { waking.removeValue(forKey: $0) }
        }
    }

    private let environment: PolicyEnvironment
    private let room: Locked<Room>

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: Configuration, environment: PolicyEnvironment = .init())
        throws(InvalidConfiguration)
    {
        try configuration.validate()
        self.environment = environment
        room = Locked(Room(state: BulkheadState(configuration)))
    }

    /// The numbers that count now.
    public var configuration: Configuration { room.withLock { $0.state.configuration } }

    /// Its current state.
    public var snapshot: Snapshot {
        room.withLock { room in
            Snapshot(
                limit: room.state.configuration.limit, inUse: room.state.inUse,
                waiting: room.state.waiters.count,
                refused: room.state.refused)
        }
    }

    /// New numbers from now on: a higher limit lets waiting calls go at once, a lower one lets those under
    /// way finish.
    /// - Throws: ``InvalidConfiguration`` with every problem; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        let (admitted, refused) = room.withLock { room in
            let (admitted, refused) = room.state.reconfigure(configuration)
            return (room.take(admitted), room.take(refused))
        }
        for waiter in admitted { waiter.resume(returning: nil) }
        for waiter in refused { waiter.resume(returning: .bulkheadFull) }
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        // The clock isn't read for this; but a time that is known already is used.
        if let deadline = context.deadline, let now = context.lastInstant, deadline.hasPassed(at: now) {
            throw .rejected(refuse(.deadlineExceeded))
        }
        if !take(context.priority) {
            if let rejection = refuseAtOnce() { throw .rejected(rejection) }
            context.waited()
            if let rejection = await wait(context) { throw .rejected(rejection) }
        }
        do throws(CallFailure<Failure>) {
            let value = try await operation(context)
            release()
            return value
        } catch {
            release()
            throw error
        }
    }

    // MARK: Permits, without `apply`

    /// Takes a permit if one is free and no other call waits before this one; nil if not.
    public func acquire(_ priority: Priority = .normal) -> Permit? { take(priority) ? Permit(of: self) : nil }

    /// Gives a permit back, to the first waiting call. Giving it back twice changes nothing, nor does a
    /// permit of another bulkhead.
    public func release(_ permit: Permit) { if permit.bulkhead === self { permit.giveBack() } }

    @usableFromInline
    func take(_ priority: Priority) -> Bool { room.withLock { $0.state.acquire(priority) } }

    @usableFromInline
    func release() {
        let admitted = room.withLock { room in
            let admitted = room.state.release()
            return admitted.isEmpty ? [] : room.take(admitted)
        }
        for waiter in admitted { waiter.resume(returning: nil) }
    }

    // MARK: Waiting

    /// Without a queue a call is refused without any set-up.
    @usableFromInline
    func refuseAtOnce() -> Rejection? {
        configuration.waiting == 0 ? refuse(.bulkheadFull) : nil
    }

    /// Nil: a permit was given.
    @usableFromInline
    func wait(_ context: CallContext) async -> Rejection? {
        // Neither displaces a waiting call that still has time.
        if Task.isCancelled { return refuse(.cancelled) }
        if isTooLate(context) { return refuse(.deadlineExceeded) }
        let id = room.withLock { room in
            room.lastWaiter += 1
            return room.lastWaiter
        }
        var timer: Task<Void, Never>?
        let rejection = await withTaskCancellationHandler {
            await withCheckedContinuation { waking in
                guard enter(id, context.priority, waking) else { return }
                timer = self.timer(for: id, context)
                // Cancelled before it was in the queue, it was not found there.
                if Task.isCancelled { leave(id, .cancelled) }
            }
        } onCancel: {
            leave(id, .cancelled)
        }
        timer?.cancel()
        if let rejection {
            environment.report(.rejected(rejection))
        } else if isTooLate(context) {
            // A timer fired late; the permit goes to another call.
            release()
            return refuse(.deadlineExceeded)
        }
        return rejection
    }

    private func isTooLate(_ context: CallContext) -> Bool {
        context.deadline.map { $0.hasPassed(at: environment.time.now()) } ?? false
    }

    @usableFromInline
    func refuse(_ rejection: Rejection) -> Rejection {
        room.withLock { $0.state.countRefused() }
        environment.report(.rejected(rejection))
        return rejection
    }

    /// False: the call needn't wait, and has been answered.
    private func enter(_ id: UInt64, _ priority: Priority, _ waking: CheckedContinuation<Rejection?, Never>)
        -> Bool
    {
        enum Entrance {
            case permit, none
            case waiting(instead: CheckedContinuation<Rejection?, Never>?)
        }
        let entrance = room.withLock { room -> Entrance in
            // A permit may have come back since it was asked for.
            if room.state.acquire(priority) { return .permit }
            switch room.state.enter(id, priority) {
            case .full: return .none
            case .waiting(let instead):
                room.waking[id] = waking
                return .waiting(instead: instead.flatMap { room.waking.removeValue(forKey: $0) })
            }
        }
        switch entrance {
        case .permit: waking.resume(returning: nil)
        case .none: waking.resume(returning: .bulkheadFull)
        case .waiting(let instead):
            instead?.resume(returning: .bulkheadFull)
            return true
        }
        return false
    }

    private func leave(_ id: UInt64, _ rejection: Rejection) {
        let waiter = room.withLock { room -> CheckedContinuation<Rejection?, Never>? in
            guard room.state.leave(id) else { return nil }
            room.state.countRefused()
            return room.waking.removeValue(forKey: id)
        }
        waiter?.resume(returning: rejection)
    }

    /// Refuses the waiting call when its time is over: only waiting calls pay for a timer.
    private func timer(for id: UInt64, _ context: CallContext) -> Task<Void, Never>? {
        let left = context.deadline.map { $0.remaining(at: environment.time.now()) }
        let longest = configuration.longestWait
        guard let wait = [left, longest].compactMap({ $0 }).min() else { return nil }
        let rejection: Rejection = wait == left ? .deadlineExceeded : .bulkheadFull
        return Task {
            guard (try? await environment.time.sleep(max(.zero, wait))) != nil else { return }
            leave(id, rejection)
        }
    }
}
