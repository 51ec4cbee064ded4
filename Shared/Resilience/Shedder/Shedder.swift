/// Decides at a service's door which requests are worked on, which wait, and which are refused, so that the
/// service does as much as it can for those that matter most, however much it is asked for.
///
/// - **How many are in work at once** is found out by measuring: a request may spend a
///   ``Configuration/share`` of what its caller waits queueing at this service itself. Handlers that are slow
///   and don't queue are not shed for it.
/// - **Who matters less is refused first.** Ranks 0 to 3 of ``Priority`` begin work while less than 50, 75,
///   90 and 100 % of the limit are in work; so a share is always kept for the highest.
/// - **Who can't begin waits**, but not for long: for ``Configuration/maximumQueueTime``, and where a line
///   doesn't become shorter, for a tenth of it, the newest first. Work that has waited until its caller gave
///   up is the commonest way to be busy all the time and of use to nobody.
/// - A request that **waits for another service** (``Permit/suspended(_:)``) gives its permit back meanwhile,
///   and its latency is that much less: so a slow or dead neighbour isn't taken for too much to do. All
///   together are bounded by ``Configuration/maximum``.
/// - A request whose **deadline** passes while it waits is refused and never begun.
///
/// A server asks for each request (``ask(_:at:_:)``) and is told at once, or later through its ``Waiter``. So
/// it fits an event loop, where a refusal has to cost next to nothing. It is a ``Policy`` as well, for work
/// or a dependency whose capacity isn't known: a call waits for its turn in ``apply(_:_:)``.
public final class Shedder: Sendable {
    /// Somebody who may have to wait.
    public protocol Waiter: AnyObject, Sendable {
        /// It may begin. Called at most once, from any thread, with no lock held.
        func admitted(_ permit: Permit)
        /// It is not to begin. Called at most once, from any thread, with no lock held.
        func refused(_ refusal: Refusal)
    }

    /// What is to be known of a request before it is let in.
    public struct Request: Sendable {
        /// 0 … 3, as in ``Priority``.
        public var rank: Int
        /// By when it has to be answered; what is left until then when it asks is how long its caller waits.
        /// Nil: a second is assumed, and nothing is refused for being late.
        public var deadline: Deadline?

        /// The nearest rank where there is none.
        public init(_ priority: Priority, deadline: Deadline? = nil) {
            rank = max(0, min(priority.rank, 3))
            self.deadline = deadline
        }
    }

    /// Why a request isn't worked on.
    public enum Refusal: Sendable, Hashable {
        /// There is too much to do.
        case overloaded
        /// Nobody waits for it any more.
        case deadlineExceeded
    }

    /// What becomes of a request that asks.
    public enum Answer: Sendable {
        /// It may begin.
        case admitted(Permit)
        /// Its waiter will be told; until then it may ``Shedder/leave(_:)``.
        case waiting(Ticket)
        /// It is not to begin.
        case refused(Refusal)
    }

    /// Stands for one that waits.
    public struct Ticket: Sendable {
        let id: UInt64
        let rank: Int
    }

    /// The right to work on one request, until ``end(countsAsSample:)``: to be called when the work has
    /// ended, not when its client has gone, or clients that give up and come again pile up work without
    /// limit. One that is dropped ends by itself.
    public final class Permit: Sendable {
        private struct Course {
            /// How many things that others do it waits for, and since when for any.
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

        /// Waits for somebody else: until `body` returns, another request may have the place, and how long it
        /// takes doesn't count as this service's work. Several at once are one wait.
        public func suspended<Value, Failure: Error>(
            _ body: () async throws(Failure) -> Value
        ) async throws(Failure) -> Value {
            goOutside()
            defer { comeBack() }
            return try await body()
        }

        private func goOutside() {
            let now = shedder.time.moment()
            let isFirst = course.withLock { course in
                course.waits += 1
                guard course.waits == 1, !course.hasEnded else { return false }
                course.since = now
                return true
            }
            if isFirst { shedder.change { $0.goOutside(at: now) } }
        }

        private func comeBack() {
            let now = shedder.time.moment()
            let isLast = course.withLock { course in
                course.waits -= 1
                guard course.waits == 0, !course.hasEnded, let since = course.since else { return false }
                course.away += since.duration(to: now)
                course.since = nil
                return true
            }
            guard isLast else { return }
            shedder.change { state in
                state.comeBack()
                return .init()
            }
        }

        /// Gives the place back; later calls do nothing.
        ///
        /// - Parameter countsAsSample: whether the work was done as such work usually is. What was refused
        ///   early counts only if it took as long all the same: failing fast isn't being fast.
        public func end(countsAsSample: Bool) {
            let now = shedder.time.moment()
            guard let course = close() else { return }
            var permit = permit
            permit.away = course.away + (course.since?.duration(to: now) ?? .zero)
            shedder.change {
                $0.end(permit, isOutside: course.since != nil, countsAsSample: countsAsSample, at: now)
            }
        }

        /// Gives the place back; what the work took says nothing, since its caller gave it up.
        func abandon() {
            let now = shedder.time.moment()
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

    /// What it is like at one moment.
    public struct Snapshot: Sendable, Hashable {
        /// Requests that may be in work at once.
        public var limit: Int
        /// Requests that are. More than `limit` just after it was lowered, or when many come back from
        /// ``Permit/suspended(_:)``.
        public var inFlight: Int
        /// Requests that wait for somebody else.
        public var suspended: Int
        /// Requests that wait.
        public var waiting: Int
        /// Requests that were let in so far, by rank: four numbers.
        public var admitted: [Int]
        /// Requests that were refused so far, by rank: four numbers.
        public var refused: [Int]
    }

    private struct Room {
        var state: ShedderState<any Waiter>
        var isWatched = false
    }

    /// How often those who wait are looked after when nothing else happens.
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

    /// The numbers that count now.
    public var configuration: Configuration { room.withLock { $0.state.configuration } }

    /// Replaces the numbers while requests are in work. The limit that was found stays, within the new
    /// bounds; those who wait stay, even where they are more than the new places.
    /// - Throws: ``InvalidConfiguration`` with every problem; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        let now = time.moment()
        change { $0.reconfigure(configuration, at: now) }
    }

    /// The limit, who is in, who waits, and who was refused, at this moment.
    public var snapshot: Snapshot {
        room.withLock { room in
            let state = room.state
            return Snapshot(
                limit: state.limit, inFlight: state.inFlight, suspended: state.suspended,
                waiting: state.line.count,
                admitted: (0..<4).map { state.admitted[$0] }, refused: (0..<4).map { state.refused[$0] })
        }
    }

    /// Of what is done while nobody waits for it, how much there is room for now: an eighth … 1. It becomes
    /// less, fast, while anybody has to wait or requests take most of what they may, and comes back slowly.
    public var backgroundShare: Double {
        let now = time.moment()
        return room.withLock { $0.state.backgroundShare(at: now) }
    }

    /// Asks to be let in. Reports no event; ``Snapshot/refused`` counts.
    ///
    /// - Parameters:
    ///   - request: what is known of it.
    ///   - now: the moment, if the caller has read the clock already.
    ///   - waiter: whom to tell, should it have to wait; perhaps before this returns.
    public func ask(_ request: Request, at now: ContinuousClock.Instant? = nil, _ waiter: some Waiter)
        -> Answer
    {
        let now = now.map { Instant($0) } ?? time.moment()
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

    /// Goes away without having been let in. False: too late, the waiter has been told or is about to be.
    public func leave(_ ticket: Ticket) -> Bool {
        let now = time.moment()
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

    /// Looks after those who wait until nobody does.
    private func watch() {
        Task { [weak self, time] in
            while (try? await time.sleep(Self.watchEvery)) != nil, let self, self.look() {}
        }
    }

    private func look() -> Bool {
        let now = time.moment()
        let (changes, isAnybodyThere) = room.withLock { room in
            let changes = room.state.tick(at: now)
            room.isWatched = !room.state.line.isEmpty
            return (changes, room.isWatched)
        }
        tell(changes)
        return isAnybodyThere
    }
}
