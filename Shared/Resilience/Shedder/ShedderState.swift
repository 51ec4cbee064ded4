/// A shedder's decisions, without clock, lock or waiting: who is let in, who waits, who is refused.
///
/// One that comes may go in exactly if its rank's allowance isn't used up. Whenever work ends, and every few milliseconds, those
/// who wait are let in as far as that goes, the highest rank first.
struct ShedderState<Waiter: Sendable>: Sendable {
    typealias Request = Shedder.Request

    /// A request that is worked on.
    struct Place: Sendable {
        var rank: Int
        var since: Moment
        /// How long it may queue at this service.
        var allowed: Duration
        /// How many were in work when it began, itself among them.
        var inWork: Int
        /// How long it waited for somebody else.
        var away: Duration = .zero
    }

    enum Arrival: Sendable {
        case admitted(Place)
        case waiting(id: UInt64)
        case refused(Shedder.Refusal)
    }

    /// What has become of those who waited.
    struct Changes: Sendable {
        var admitted: [(waiter: Waiter, place: Place)] = []
        var refused: [(waiter: Waiter, refusal: Shedder.Refusal)] = []

        var isEmpty: Bool { admitted.isEmpty && refused.isEmpty }
    }

    private let configuration: Shedder.Configuration
    private var search: LatencyLimit
    private var yielding = Yielding()
    private(set) var line: WaitingLine<Waiter>
    /// Requests that this service works on.
    private(set) var inFlight = 0
    /// Requests that wait for somebody else.
    private(set) var outside = 0
    private(set) var admitted = SIMD4<Int>.zero
    /// Those whose deadline had passed among them.
    private(set) var refused = SIMD4<Int>.zero
    private var lastId: UInt64 = 0

    /// Of a caller that didn't say how long it waits.
    private static var usualPatience: Duration { .seconds(1) }

    init(_ configuration: Shedder.Configuration) {
        self.configuration = configuration
        search = LatencyLimit(configuration)
        line = WaitingLine(patience: configuration.patience, places: configuration.places)
    }

    var limit: Int { search.limit }

    /// Up to how many in work each rank may begin.
    var allowances: SIMD4<Int> { yielding.allowances(AdaptiveLimitState.allowances(under: search.limit)) }

    /// - Parameter waiter: whom to tell, should it have to wait.
    mutating func arrive(_ request: Request, _ waiter: @autoclosure () -> Waiter, at now: Moment) -> (Arrival, Changes) {
        var changes = Changes()
        refuseImpatient(at: now, &changes)
        if let deadline = request.deadline, deadline.hasPassed(at: now) {
            refused[request.rank] += 1
            return (.refused(.deadlineExceeded), changes)
        }
        if isFree(request.rank) { return (.admitted(begin(request.rank, patience(of: request, at: now), at: now)), changes) }
        // A rank that yields is held back by what it leaves to others, not by the limit.
        if inFlight >= AdaptiveLimitState.allowances(under: search.limit)[request.rank] { search.pressed() }
        yielding.hadToWait(request.rank, at: now)
        let id = lastId + 1
        let patience = patience(of: request, at: now)
        let entrance = line.enter(
            WaitingLine.Entry(
                id: id, waiter: waiter(), rank: request.rank, patience: patience, since: now, deadline: request.deadline?.moment
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
    /// - Parameter isWhole: whether it was done as such requests usually are; one that was refused early counts only if it took
    ///   as long all the same.
    mutating func end(_ place: Place, isOutside: Bool = false, isWhole: Bool, at now: Moment) -> Changes {
        if isOutside { outside -= 1 } else { inFlight -= 1 }
        let latency = max(.zero, place.since.duration(to: now) - place.away)
        yielding.ended(place.rank, after: max(.zero, latency - search.slowness), allowed: place.allowed, at: now)
        search.ended(after: latency, allowed: place.allowed, isWhole: isWhole, inWork: place.inWork, inFlight: inFlight)
        return settle(at: now)
    }

    /// A request in work waits for somebody else now; meanwhile another one may have its place.
    mutating func goOutside(at now: Moment) -> Changes {
        inFlight -= 1
        outside += 1
        return settle(at: now)
    }

    /// A request in work waits for nobody else any more. It isn't kept waiting, though the limit may be exceeded by it.
    mutating func comeBack() {
        outside -= 1
        inFlight += 1
    }

    /// Whoever waited has gone away. True: it will hear nothing more.
    mutating func leave(_ id: UInt64, rank: Int, at now: Moment) -> Bool { line.leave(id, rank: rank, at: now) != nil }

    mutating func backgroundShare(at now: Moment) -> Double {
        yielding.look(at: now)
        return yielding.background
    }

    /// Time has passed.
    mutating func tick(at now: Moment) -> Changes {
        var changes = Changes()
        guard !line.isEmpty else { return changes }
        refuse(line.overdue(at: now), .deadlineExceeded, &changes)
        yielding.look(at: now)
        refuseImpatient(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    /// However many wait for somebody else, all of them together are bounded.
    private func isFree(_ rank: Int) -> Bool {
        inFlight < allowances[rank] && inFlight + outside < configuration.maximum
    }

    private func patience(of request: Request, at now: Moment) -> Duration {
        request.deadline.map { now.duration(to: $0.moment) } ?? Self.usualPatience
    }

    private mutating func begin(_ rank: Int, _ patience: Duration, at now: Moment) -> Place {
        inFlight += 1
        admitted[rank] += 1
        yielding.look(at: now)
        search.began(inFlight: inFlight)
        return Place(rank: rank, since: now, allowed: patience * configuration.share, inWork: inFlight)
    }

    private mutating func settle(at now: Moment) -> Changes {
        var changes = Changes()
        guard !line.isEmpty else { return changes }
        refuseImpatient(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    private mutating func admit(at now: Moment, _ changes: inout Changes) {
        while let rank = line.highest, isFree(rank), let entry = line.next(rank: rank, at: now) {
            if entry.isOverdue(at: now) {
                refuse([entry], .deadlineExceeded, &changes)
            } else {
                changes.admitted.append((entry.waiter, begin(rank, entry.patience, at: now)))
            }
        }
    }

    private mutating func refuseImpatient(at now: Moment, _ changes: inout Changes) {
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
