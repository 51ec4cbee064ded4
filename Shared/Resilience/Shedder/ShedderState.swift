/// A shedder's decisions, without clock, lock or waiting: who is let in, who waits, who is refused.
///
/// One that comes may go in exactly if its rank's allowance isn't used up. Whenever work ends, and every few
/// milliseconds, those who wait are let in as far as that goes, the highest rank first.
struct ShedderState<Waiter: Sendable>: Sendable {
    typealias Request = Shedder.Request

    /// A request that is worked on.
    struct Permit: Sendable {
        var rank: Int
        var since: Instant
        /// How long it may queue at this service.
        var allowed: Duration
        /// How many were in work when it began, itself among them.
        var inWork: Int
        /// How long it waited for somebody else.
        var away: Duration = .zero
    }

    enum Arrival: Sendable {
        case admitted(Permit)
        case waiting(id: UInt64)
        case refused(Shedder.Refusal)
    }

    /// What has become of those who waited.
    struct Changes: Sendable {
        var admitted: [(waiter: Waiter, permit: Permit)] = []
        var refused: [(waiter: Waiter, refusal: Shedder.Refusal)] = []

        var isEmpty: Bool { admitted.isEmpty && refused.isEmpty }
    }

    private(set) var configuration: Shedder.Configuration
    private var search: LatencyLimit
    private var allowance = PriorityAllowance()
    private(set) var line: WaitingLine<Waiter>
    /// Requests that this service works on.
    private(set) var inFlight = 0
    /// Requests that wait for somebody else.
    private(set) var suspended = 0
    private(set) var admitted = SIMD4<Int>.zero
    /// Those whose deadline had passed among them.
    private(set) var refused = SIMD4<Int>.zero
    private var lastId: UInt64 = 0

    /// Of a caller that didn't say how long it waits.
    private static var usualQueueTime: Duration { .seconds(1) }

    init(_ configuration: Shedder.Configuration) {
        self.configuration = configuration
        search = LatencyLimit(configuration)
        line = WaitingLine(maximumQueueTime: configuration.maximumQueueTime, places: configuration.places)
    }

    var limit: Int { search.limit }

    /// Up to how many in work each rank may begin.
    var allowances: SIMD4<Int> { allowance.allowances(search.allowances) }

    /// Other numbers from now on. Those who wait stay, even where they are more than the new places.
    mutating func reconfigure(_ configuration: Shedder.Configuration, at now: Instant) -> Changes {
        self.configuration = configuration
        search.reconfigure(configuration)
        line.maximumQueueTime = configuration.maximumQueueTime
        line.places = configuration.places
        return settle(at: now)
    }

    /// - Parameter waiter: whom to tell, should it have to wait.
    mutating func arrive(_ request: Request, _ waiter: @autoclosure () -> Waiter, at now: Instant) -> (
        Arrival, Changes
    ) {
        var changes = Changes()
        refuseImpatient(at: now, &changes)
        if let deadline = request.deadline, deadline.hasPassed(at: now) {
            refused[request.rank] += 1
            return (.refused(.deadlineExceeded), changes)
        }
        if isFree(request.rank) {
            return (.admitted(begin(request.rank, maximumQueueTime(of: request, at: now), at: now)), changes)
        }
        // A rank that yields is held back by what it leaves to others, not by the limit.
        if inFlight >= search.allowances[request.rank] { search.pressed() }
        allowance.hadToWait(request.rank, at: now)
        let id = lastId + 1
        let maximumQueueTime = maximumQueueTime(of: request, at: now)
        let entrance = line.enter(
            WaitingLine.Entry(
                id: id, waiter: waiter(), rank: request.rank, maximumQueueTime: maximumQueueTime, since: now,
                deadline: request.deadline?.moment
            ),
            rank: request.rank, chances: max(1, search.limit / 2), at: now)
        switch entrance {
        case .entered: break
        case .instead(let gone): refuse([gone], .overloaded, &changes)
        case .full(let along):
            refuse(along, .overloaded, &changes)
            refused[request.rank] += 1
            return (.refused(.overloaded), changes)
        }
        lastId = id
        return (.waiting(id: id), changes)
    }

    /// The work of a request has ended.
    ///
    /// - Parameter isOutside: whether it waited for somebody else just then.
    /// - Parameter countsAsSample: whether it was done as such requests usually are; one that was refused
    ///   early counts only if it took as long all the same.
    mutating func end(_ permit: Permit, isOutside: Bool = false, countsAsSample: Bool, at now: Instant)
        -> Changes
    {
        if isOutside { suspended -= 1 } else { inFlight -= 1 }
        let latency = max(.zero, permit.since.duration(to: now) - permit.away)
        allowance.ended(
            permit.rank, after: max(.zero, latency - search.slowness), allowed: permit.allowed, at: now)
        search.ended(
            after: latency, allowed: permit.allowed, countsAsSample: countsAsSample, inWork: permit.inWork,
            inFlight: inFlight)
        return settle(at: now)
    }

    /// Work was given up by its caller: what it took says nothing.
    mutating func abandon(_ permit: Permit, at now: Instant) -> Changes {
        inFlight -= 1
        search.ended(
            after: .zero, allowed: permit.allowed, countsAsSample: false, inWork: permit.inWork,
            inFlight: inFlight)
        return settle(at: now)
    }

    /// A request in work waits for somebody else now; meanwhile another one may have its place.
    mutating func goOutside(at now: Instant) -> Changes {
        inFlight -= 1
        suspended += 1
        return settle(at: now)
    }

    /// A request in work waits for nobody else any more. It isn't kept waiting, though the limit may be
    /// exceeded by it.
    mutating func comeBack() {
        suspended -= 1
        inFlight += 1
    }

    /// Whoever waited has gone away. True: it will hear nothing more.
    mutating func leave(_ id: UInt64, rank: Int, at now: Instant) -> Bool {
        line.leave(id, rank: rank, at: now) != nil
    }

    mutating func backgroundShare(at now: Instant) -> Double {
        allowance.look(at: now)
        return allowance.background
    }

    /// Time has passed.
    mutating func tick(at now: Instant) -> Changes {
        var changes = Changes()
        guard !line.isEmpty else { return changes }
        refuse(line.overdue(at: now), .deadlineExceeded, &changes)
        allowance.look(at: now)
        refuseImpatient(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    /// However many wait for somebody else, all of them together are bounded.
    private func isFree(_ rank: Int) -> Bool {
        inFlight < allowances[rank] && inFlight + suspended < configuration.maximum
    }

    private func maximumQueueTime(of request: Request, at now: Instant) -> Duration {
        request.deadline.map { now.duration(to: $0.moment) } ?? Self.usualQueueTime
    }

    private mutating func begin(_ rank: Int, _ maximumQueueTime: Duration, at now: Instant) -> Permit {
        inFlight += 1
        admitted[rank] += 1
        allowance.look(at: now)
        search.began(inFlight: inFlight)
        return Permit(
            rank: rank, since: now, allowed: maximumQueueTime * configuration.share, inWork: inFlight)
    }

    private mutating func settle(at now: Instant) -> Changes {
        var changes = Changes()
        guard !line.isEmpty else { return changes }
        refuseImpatient(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    private mutating func admit(at now: Instant, _ changes: inout Changes) {
        while let rank = line.highest, isFree(rank), let entry = line.next(rank: rank, at: now) {
            if entry.isOverdue(at: now) {
                refuse([entry], .deadlineExceeded, &changes)
            } else {
                changes.admitted.append((entry.waiter, begin(rank, entry.maximumQueueTime, at: now)))
            }
        }
    }

    private mutating func refuseImpatient(at now: Instant, _ changes: inout Changes) {
        if !line.isEmpty { refuse(line.impatient(at: now), .overloaded, &changes) }
    }

    private mutating func refuse(
        _ gone: [WaitingLine<Waiter>.Entry], _ refusal: Shedder.Refusal, _ changes: inout Changes
    ) {
        for entry in gone {
            refused[entry.rank] += 1
            changes.refused.append((entry.waiter, refusal))
        }
    }
}
