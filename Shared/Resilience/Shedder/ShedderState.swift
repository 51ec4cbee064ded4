/// A shedder's decisions, without clock, lock or waiting: which requests are admitted, wait, or are refused.
///
/// A new request is admitted exactly if its rank's allowance isn't used up. When work ends, and every few
/// milliseconds, waiting requests are admitted as far as that goes, the highest rank first.
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
        /// How long it was suspended.
        var away: Duration = .zero
    }

    enum Arrival: Sendable {
        case admitted(Permit)
        case waiting(id: UInt64)
        case refused(Shedder.Refusal)
    }

    /// The decisions about requests that waited.
    struct Changes: Sendable {
        var admitted: [(waiter: Waiter, permit: Permit)] = []
        var refused: [(waiter: Waiter, refusal: Shedder.Refusal)] = []

        var isEmpty: Bool { admitted.isEmpty && refused.isEmpty }
    }

    private(set) var configuration: Shedder.Configuration
    private var search: LatencyLimit
    private var allowance = PriorityAllowance()
    private(set) var line: WaitingLine<Waiter>
    /// Requests that hold a permit.
    private(set) var inFlight = 0
    /// Requests suspended while a downstream call runs.
    private(set) var suspended = 0
    private(set) var admitted = SIMD4<Int>.zero
    /// Including those whose deadline had passed.
    private(set) var refused = SIMD4<Int>.zero
    private var lastId: UInt64 = 0

    /// The assumed wait of a caller without a deadline.
    private static var usualCallerWait: Duration { .seconds(1) }

    init(_ configuration: Shedder.Configuration) {
        self.configuration = configuration
        search = LatencyLimit(configuration)
        line = WaitingLine(
            maximumQueueTime: configuration.maximumQueueTime, capacity: configuration.queueLength)
    }

    var limit: Int { search.limit }

    /// How many may be in work for a rank to begin another.
    var allowances: SIMD4<Int> { allowance.allowances(search.allowances) }

    /// Another configuration from now on. Waiting requests stay, even where they are more than may wait now.
    mutating func reconfigure(_ configuration: Shedder.Configuration, at now: Instant) -> Changes {
        self.configuration = configuration
        search.reconfigure(configuration)
        line.maximumQueueTime = configuration.maximumQueueTime
        line.capacity = configuration.queueLength
        return settle(at: now)
    }

    /// - Parameter waiter: told if it has to wait.
    mutating func arrive(_ request: Request, _ waiter: @autoclosure () -> Waiter, at now: Instant) -> (
        Arrival, Changes
    ) {
        var changes = Changes()
        refuseWaitedTooLong(at: now, &changes)
        if let deadline = request.deadline, deadline.hasPassed(at: now) {
            refused[request.rank] += 1
            return (.refused(.deadlineExceeded), changes)
        }
        if isFree(request.rank) {
            return (.admitted(begin(request.rank, callerWait(of: request, at: now), at: now)), changes)
        }
        // A rank whose allowance is reduced is held back by that, not by the limit.
        if inFlight >= search.allowances[request.rank] { search.pressed() }
        allowance.hadToWait(request.rank, at: now)
        let id = lastId + 1
        let callerWait = callerWait(of: request, at: now)
        let entrance = line.enter(
            WaitingLine.Entry(
                id: id, waiter: waiter(), rank: request.rank, callerWait: callerWait, since: now,
                deadline: request.deadline?.end
            ),
            rank: request.rank, standingLimit: max(1, search.limit / 2), at: now)
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
    /// - Parameters:
    ///   - isSuspended: whether it was suspended at its end.
    ///   - countsAsSample: whether it took the usual course; a request that was refused early counts only if
    ///     it was as slow all the same.
    mutating func end(_ permit: Permit, isSuspended: Bool = false, countsAsSample: Bool, at now: Instant)
        -> Changes
    {
        if isSuspended { suspended -= 1 } else { inFlight -= 1 }
        let latency = max(.zero, permit.since.duration(to: now) - permit.away)
        allowance.ended(
            permit.rank, after: max(.zero, latency - search.slowness), allowed: permit.allowed, at: now)
        search.ended(
            after: latency, allowed: permit.allowed, countsAsSample: countsAsSample, inWork: permit.inWork,
            inFlight: inFlight)
        return settle(at: now)
    }

    /// A call was given up by its caller: its latency is no sample.
    mutating func abandon(_ permit: Permit, at now: Instant) -> Changes {
        inFlight -= 1
        search.ended(
            after: .zero, allowed: permit.allowed, countsAsSample: false, inWork: permit.inWork,
            inFlight: inFlight)
        return settle(at: now)
    }

    /// A request in work waits for a downstream call; meanwhile another one may have its permit.
    mutating func suspend(at now: Instant) -> Changes {
        inFlight -= 1
        suspended += 1
        return settle(at: now)
    }

    /// A suspended request goes on. It doesn't wait for a permit, though the limit may be exceeded by it.
    mutating func resume() {
        suspended -= 1
        inFlight += 1
    }

    /// A waiting request has gone away. True: its waiter is not told any more.
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
        refuseWaitedTooLong(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    /// Requests in work and suspended ones are bounded together.
    private func isFree(_ rank: Int) -> Bool {
        inFlight < allowances[rank] && inFlight + suspended < configuration.maximum
    }

    private func callerWait(of request: Request, at now: Instant) -> Duration {
        request.deadline.map { now.duration(to: $0.end) } ?? Self.usualCallerWait
    }

    private mutating func begin(_ rank: Int, _ callerWait: Duration, at now: Instant) -> Permit {
        inFlight += 1
        admitted[rank] += 1
        allowance.look(at: now)
        search.began(inFlight: inFlight)
        return Permit(
            rank: rank, since: now, allowed: callerWait * configuration.share, inWork: inFlight)
    }

    private mutating func settle(at now: Instant) -> Changes {
        var changes = Changes()
        guard !line.isEmpty else { return changes }
        refuseWaitedTooLong(at: now, &changes)
        admit(at: now, &changes)
        return changes
    }

    private mutating func admit(at now: Instant, _ changes: inout Changes) {
        while let rank = line.highest, isFree(rank), let entry = line.next(rank: rank, at: now) {
            if entry.isOverdue(at: now) {
                refuse([entry], .deadlineExceeded, &changes)
            } else {
                changes.admitted.append((entry.waiter, begin(rank, entry.callerWait, at: now)))
            }
        }
    }

    private mutating func refuseWaitedTooLong(at now: Instant, _ changes: inout Changes) {
        if !line.isEmpty { refuse(line.waitedTooLong(at: now), .overloaded, &changes) }
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
