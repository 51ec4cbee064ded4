/// Decides at a service's admission which requests are worked on, which wait, and which are refused, so that
/// as many of the highest priority as possible are served in time, whatever the load.
///
/// - **How many are in work at once** is found by measuring: a request may spend a ``Configuration/share`` of
///   its caller's wait queueing at this service itself. Handlers that are slow without queueing are not shed
///   for it.
/// - **Lower priority is shed first.** Ranks 0 to 3 of ``Priority`` begin work while less than 50, 75, 90 and
///   100 % of the limit are in work, so that a share is always reserved for the highest. While a higher rank
///   has to wait, lower ranks get less than that (an AIMD allowance).
/// - **A request without a permit waits**, but not for long: for ``Configuration/maximumQueueTime``, or in a
///   standing queue for a tenth of it, the newest first. Otherwise a service under overload works mostly for
///   callers that have given up.
/// - A request that is **suspended while a downstream call runs** (``Permit/suspended(_:)``) gives its permit
///   back meanwhile, and that time is not part of its latency: a slow or dead dependency isn't taken for
///   overload. All together are bounded by ``Configuration/maximum``.
/// - A request whose **deadline** passes while it waits is refused and never begun.
///
/// A server calls ``ask(_:at:_:)``, which never waits: it answers at once, or later through the ``Waiter``.
/// So it can be called on an event loop, where a refusal has to cost next to nothing. The shedder is a
/// ``Policy`` as well, for work or a dependency whose capacity isn't known: a call waits for its turn in
/// ``apply(_:_:)``.
public final class Shedder: Sendable {
    /// A request's side that may have to wait.
    public protocol Waiter: AnyObject, Sendable {
        /// It is admitted. Called at most once, from any thread, with no lock held.
        func admitted(_ permit: Permit)
        /// It is refused. Called at most once, from any thread, with no lock held.
        func refused(_ refusal: Refusal)
    }

    /// What has to be known of a request before it is admitted.
    public struct Request: Sendable {
        /// 0 … 3, as in ``Priority``.
        public var rank: Int
        /// The deadline of its answer; what is left until then is how long its caller waits. Nil: a second
        /// is assumed, and nothing is refused for being late.
        public var deadline: Deadline?

        /// A priority outside of 0 … 3 counts as the nearest rank.
        public init(_ priority: Priority, deadline: Deadline? = nil) {
            rank = max(0, min(priority.rank, 3))
            self.deadline = deadline
        }
    }

    /// Why a request isn't worked on.
    public enum Refusal: Sendable, Hashable {
        /// The service has more requests than it can serve.
        case overloaded
        /// Its caller no longer waits for it.
        case deadlineExceeded
    }

    /// The decision about a request.
    public enum Answer: Sendable {
        /// It is admitted.
        case admitted(Permit)
        /// Its waiter will be told; until then it may ``Shedder/leave(_:)``.
        case waiting(Ticket)
        /// It is refused.
        case refused(Refusal)
    }

    /// A waiting request.
    public struct Ticket: Sendable {
        let id: UInt64
        let rank: Int
    }

    /// The right to work on one request, until ``end(countsAsSample:)``. Call that when the work has ended,
    /// not when its client has gone, or clients that time out and retry would pile up work without limit. One
    /// that is dropped ends by itself.
    public final class Permit: Sendable {
        private struct Course {
            /// How many downstream calls it waits for, and since when for any.
            var waits = 0
            var since: Instant?
            var away = Duration.zero
            var hasEnded = false
        }

        private let shedder: Shedder
        private let permit: ShedderState<any Waiter>.Permit
        private let course = Locked(Course())

        init(_ shedder: Shedder, _ permit: ShedderState<any Waiter>.Permit) {
            self.shedder = shedder
            self.permit = permit
        }

        /// Suspends the request: until `body` returns, another request may have the permit, and the time
        /// doesn't count as this service's latency. Several at once are one wait.
        public func suspended<Value, Failure: Error>(
            _ body: () async throws(Failure) -> Value
        ) async throws(Failure) -> Value {
            suspend()
            defer { resume() }
            return try await body()
        }

        private func suspend() {
            let now = shedder.time.instant()
            let isFirst = course.withLock { course in
                course.waits += 1
                guard course.waits == 1, !course.hasEnded else { return false }
                course.since = now
                return true
            }
            if isFirst { shedder.change { $0.suspend(at: now) } }
        }

        private func resume() {
            let now = shedder.time.instant()
            let isLast = course.withLock { course in
                course.waits -= 1
                guard course.waits == 0, !course.hasEnded, let since = course.since else { return false }
                course.away += since.duration(to: now)
                course.since = nil
                return true
            }
            guard isLast else { return }
            shedder.change { state in
                state.resume()
                return .init()
            }
        }

        /// Gives the permit back; later calls do nothing.
        ///
        /// - Parameter countsAsSample: whether the work took its usual course. What was refused early counts
        ///   only if it was as slow all the same: failing fast isn't being fast.
        public func end(countsAsSample: Bool) {
            let now = shedder.time.instant()
            guard let course = close() else { return }
            var permit = permit
            permit.away = course.away + (course.since?.duration(to: now) ?? .zero)
            shedder.change {
                $0.end(permit, isSuspended: course.since != nil, countsAsSample: countsAsSample, at: now)
            }
        }

        /// Gives the permit back; its latency is no sample, since the caller gave the call up.
        func abandon() {
            let now = shedder.time.instant()
            if close() != nil { shedder.change { $0.abandon(permit, at: now) } }
        }

        /// - Returns: nil where it has ended already.
        private func close() -> Course? {
            course.withLock { course in
                guard !course.hasEnded else { return nil }
                course.hasEnded = true
                return course
            }
        }

        deinit { end(countsAsSample: false) }
    }

    /// The state of a shedder at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// Requests that may be in work at once.
        public var limit: Int
        /// Requests in work. More than `limit` just after it was lowered, or when many come back from
        /// ``Permit/suspended(_:)``.
        public var inFlight: Int
        /// Requests that are suspended.
        public var suspended: Int
        /// Requests that wait.
        public var waiting: Int
        /// Requests that were admitted so far, by rank: four numbers.
        public var admitted: [Int]
        /// Requests that were refused so far, by rank: four numbers.
        public var refused: [Int]
    }

    private struct Room {
        var state: ShedderState<any Waiter>
        var isWatched = false
    }

    /// How often waiting requests are checked when nothing else happens.
    private static let watchEvery = Duration.milliseconds(5)

    let environment: PolicyEnvironment
    private let room: Locked<Room>

    private var time: TimeSource { environment.time }

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: Configuration = .init(), environment: PolicyEnvironment = .init())
        throws(InvalidConfiguration)
    {
        try configuration.validate()
        self.environment = environment
        room = Locked(Room(state: ShedderState(configuration)))
    }

    /// The present configuration.
    public var configuration: Configuration { room.withLock { $0.state.configuration } }

    /// Replaces the configuration while requests are in work. The limit that was found stays, within the new
    /// bounds; waiting requests stay, even where they are more than may wait now.
    /// - Throws: ``InvalidConfiguration`` with every problem; the old configuration stays.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        let now = time.instant()
        change { $0.reconfigure(configuration, at: now) }
    }

    /// The limit and the counts, now.
    public var snapshot: Snapshot {
        room.withLock { room in
            let state = room.state
            return Snapshot(
                limit: state.limit, inFlight: state.inFlight, suspended: state.suspended,
                waiting: state.line.count,
                admitted: (0..<4).map { state.admitted[$0] }, refused: (0..<4).map { state.refused[$0] })
        }
    }

    /// The part of the background work's concurrency that may be used now: an eighth … 1. It falls fast while
    /// a request has to wait or requests take most of what they may, and comes back slowly.
    public var backgroundShare: Double {
        let now = time.instant()
        return room.withLock { $0.state.backgroundShare(at: now) }
    }

    /// Asks for admission. Reports no event; ``Snapshot/refused`` counts.
    ///
    /// - Parameters:
    ///   - request: what is known of it.
    ///   - now: the time, if the caller has read the clock already.
    ///   - waiter: told later if the request has to wait, perhaps before this returns.
    public func ask(_ request: Request, at now: ContinuousClock.Instant? = nil, _ waiter: some Waiter)
        -> Answer
    {
        let now = now.map { Instant($0) } ?? time.instant()
        let (arrival, changes, isToBeWatched) = room.withLock { room in
            let (arrival, changes) = room.state.arrive(request, waiter, at: now)
            defer { if !room.state.line.isEmpty { room.isWatched = true } }
            return (arrival, changes, !room.isWatched && !room.state.line.isEmpty)
        }
        tell(changes)
        if isToBeWatched { watch() }
        switch arrival {
        case .admitted(let permit): return .admitted(Permit(self, permit))
        case .waiting(let id): return .waiting(Ticket(id: id, rank: request.rank))
        case .refused(let refusal): return .refused(refusal)
        }
    }

    /// Leaves the queue. False: too late, the waiter has been told or is about to be.
    public func leave(_ ticket: Ticket) -> Bool {
        let now = time.instant()
        return room.withLock { $0.state.leave(ticket.id, rank: ticket.rank, at: now) }
    }

    private func change(_ step: (inout ShedderState<any Waiter>) -> ShedderState<any Waiter>.Changes) {
        tell(room.withLock { step(&$0.state) })
    }

    private func tell(_ changes: ShedderState<any Waiter>.Changes) {
        guard !changes.isEmpty else { return }
        for (waiter, permit) in changes.admitted { waiter.admitted(Permit(self, permit)) }
        for (waiter, refusal) in changes.refused { waiter.refused(refusal) }
    }

    /// Checks the waiting requests until there are none.
    private func watch() {
        Task { [weak self, time] in
            while (try? await time.sleep(Self.watchEvery)) != nil, let self, self.look() {}
        }
    }

    private func look() -> Bool {
        let now = time.instant()
        let (changes, isQueueing) = room.withLock { room in
            let changes = room.state.tick(at: now)
            room.isWatched = !room.state.line.isEmpty
            return (changes, room.isWatched)
        }
        tell(changes)
        return isQueueing
    }
}
