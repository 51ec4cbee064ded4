/// A shedder's decisions, without clock, lock or waiting: who is let in, who waits, who is refused.
///
/// After each step nobody waits who could be let in. So one that comes may go in exactly if its rank's allowance isn't used up:
/// of its own rank or a higher one somebody waits only where that is.
struct ShedderState<Waiter: Sendable>: Sendable {
    typealias Request = Shedder.Request

    /// A request that is worked on.
    struct Place: Sendable {
        var kind: Int
        var since: Moment
        /// Let in while so little was going on that it can't have queued for anything.
        var isCalm: Bool
        /// Of the limit under which it was let in.
        var era: Int
        /// How long it then waited for the processor.
        var lag: Duration = .zero
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
    private(set) var line: WaitingLine<Waiter>
    private(set) var inFlight = 0
    private(set) var admitted = SIMD4<Int>.zero
    /// Those whose deadline had passed among them.
    private(set) var refused = SIMD4<Int>.zero
    private var lastId: UInt64 = 0

    init(_ configuration: Shedder.Configuration, longest: [Duration]) {
        self.configuration = configuration
        search = LatencyLimit(configuration, longest: longest)
        line = WaitingLine(patience: configuration.patience, places: configuration.places)
    }

    var limit: Int { search.limit }

    private var allowances: SIMD4<Int> { AdaptiveLimitState.allowances(under: search.limit) }

    /// - Parameter waiter: whom to tell, should it have to wait.
    mutating func arrive(_ request: Request, _ waiter: @autoclosure () -> Waiter, at now: Moment) -> (Arrival, Changes) {
        var changes = Changes()
        refuseImpatient(at: now, &changes)
        if let deadline = request.deadline, deadline.hasPassed(at: now) {
            refused[request.rank] += 1
            return (.refused(.deadlineExceeded), changes)
        }
        if inFlight < allowances[request.rank] { return (.admitted(begin(request.rank, request.kind, at: now)), changes) }
        search.pressed()
        guard configuration.places > 0 else {
            refused[request.rank] += 1
            return (.refused(.overloaded), changes)
        }
        lastId += 1
        let entry = WaitingLine.Entry(
            id: lastId, waiter: waiter(), rank: request.rank, kind: request.kind, since: now, deadline: request.deadline?.moment
        )
        guard let gone = line.enter(entry, at: now) else { return (.waiting(id: lastId), changes) }
        if gone.id == lastId {
            refused[request.rank] += 1
            return (.refused(.overloaded), changes)
        }
        refuse([gone], .overloaded, &changes)
        return (.waiting(id: lastId), changes)
    }

    /// The work of a request has ended.
    ///
    /// - Parameter isWhole: whether it was done as such requests usually are; one that was refused early counts only if it took
    ///   as long all the same.
    /// - Parameter isExcused: whether how long it took says nothing about this service.
    mutating func end(_ place: Place, isWhole: Bool, isExcused: Bool = false, at now: Moment) -> Changes {
        inFlight -= 1
        if !isExcused {
            search.ended(
                kind: place.kind, after: max(.zero, place.since.duration(to: now)), lag: place.lag, isCalm: place.isCalm,
                isWhole: isWhole, era: place.era)
        }
        var changes = Changes()
        refuseImpatient(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    /// Whoever waited has gone away. True: it will hear nothing more.
    mutating func leave(_ id: UInt64, rank: Int) -> Bool { line.leave(id, rank: rank) != nil }

    /// Time has passed.
    mutating func tick(at now: Moment) -> Changes {
        var changes = Changes()
        guard !line.isEmpty else { return changes }
        refuse(line.overdue(at: now), .deadlineExceeded, &changes)
        refuseImpatient(at: now, &changes)
        return changes
    }

    private mutating func begin(_ rank: Int, _ kind: Int, at now: Moment) -> Place {
        inFlight += 1
        admitted[rank] += 1
        search.began(inFlight: inFlight)
        return Place(kind: kind, since: now, isCalm: search.isCalm(inFlight: inFlight), era: search.era)
    }

    private mutating func admit(at now: Moment, _ changes: inout Changes) {
        while let rank = line.highest, inFlight < allowances[rank], let entry = line.next(rank: rank, at: now) {
            if entry.isOverdue(at: now) {
                refuse([entry], .deadlineExceeded, &changes)
            } else {
                changes.admitted.append((entry.waiter, begin(rank, entry.kind, at: now)))
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
