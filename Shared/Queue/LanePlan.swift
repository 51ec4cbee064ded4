import Instrumentation
import Resilience

/// The in-flight leases of a lane's worker, and when it next has something to write. It has neither a clock
/// nor effects.
struct LanePlan {
    typealias Instant = ContinuousClock.Instant

    struct Delivery: Sendable {
        var message: Message
        var result: DeliveryResult
        /// Of its trace, which what the result's commit adds belongs to as well.
        var context: InstrumentationContext?
    }

    /// What a round has written.
    struct Round: Sendable {
        var claimed: [Message] = []
        /// Leases that turned out to be lost when they were to be extended.
        var lost: [Lease] = []
        /// Until the next message of the lane is due; negative by how long it is overdue.
        var untilNext: Duration?
    }

    private struct InFlightLease {
        var era: Int
        var isLost = false
    }

    private let policy: QueueWorkers.Policy
    private(set) var window: LaneWindow
    /// The share of the concurrency that work with precedence leaves free: 0 … 1.
    private var leftOver = 1.0
    /// How long the first due message has waited for its turn, at a destination that answers.
    private var overdue: Duration = .zero
    /// When the destination was last taken for dead, or the work began.
    private var deadAt: Instant
    private var inDelivery: [Lease: InFlightLease] = [:]
    /// Delivered and not settled yet.
    private(set) var finished: [Delivery] = []
    /// When a claim may find something; nil while nothing waits.
    private var claimFrom: Instant?
    private var pausedUntil: Instant
    private var nextRoundFrom: Instant
    private var extendFrom: Instant

    init(concurrency: Int, policy: QueueWorkers.Policy, now: Instant) {
        self.policy = policy
        window = LaneWindow(concurrency: concurrency)
        claimFrom = now
        pausedUntil = now
        nextRoundFrom = now
        extendFrom = now
        deadAt = now
    }

    var isEmpty: Bool { inDelivery.isEmpty && finished.isEmpty }

    /// When the next round is to be written; nil: when the wake signal comes.
    func nextRound(now: Instant, isStopping: Bool) -> Instant? {
        if isStopping, !finished.isEmpty { return now }
        var times: [Instant] = []
        if !finished.isEmpty { times.append(nextRoundFrom) }
        if !isStopping, let claimFrom, window.room(besides: inDelivery.count) > 0 {
            times.append(max(claimFrom, pausedUntil, nextRoundFrom))
        }
        if inDelivery.values.contains(where: { !$0.isLost }) {
            times.append(max(extendFrom, nextRoundFrom))
        }
        return times.min()
    }

    /// Work with precedence may keep messages waiting, but the longer one waits, the less: the share grows
    /// with the square of its wait, and after ``QueueWorkers/Policy/longestWait`` nothing comes before it.
    mutating func leave(_ share: Double) {
        leftOver = share
        let waited = min(1, overdue / policy.longestWait)
        window.share = max(share, waited * waited)
    }

    /// How many messages the round may claim.
    func limit(now: Instant, isStopping: Bool) -> Int {
        isStopping || now < pausedUntil ? 0 : window.room(besides: inDelivery.count)
    }

    /// The leases that the round extends: none before a third of their length has passed, so that two may
    /// fail.
    func leasesToExtend(now: Instant) -> [Lease] {
        now < extendFrom ? [] : inDelivery.filter { !$0.value.isLost }.map(\.key)
    }

    /// A wake signal came: a message may be due now.
    mutating func woken(at now: Instant) { claimFrom = min(claimFrom ?? now, now) }

    mutating func finish(_ delivery: Delivery, at now: Instant, random: inout some RandomNumberGenerator) {
        guard let inFlight = inDelivery.removeValue(forKey: delivery.message.lease) else { return }
        if !inFlight.isLost { finished.append(delivery) }
        guard delivery.result.isUnavailable else { return window.answered(era: inFlight.era) }
        if window.unanswered(era: inFlight.era) {
            deadAt = now
            pausedUntil = now + policy.backoff.delay(afterFailures: window.deaths, using: &random)
        }
    }

    mutating func written(_ round: Round, begun: Instant, limit: Int, now: Instant) {
        // A round that only settled delays no claim of what is committed now.
        nextRoundFrom = round.claimed.isEmpty && !finished.isEmpty ? now : begun + policy.claimInterval
        finished = []
        for lease in round.lost { inDelivery[lease]?.isLost = true }
        if inDelivery.isEmpty || begun >= extendFrom { extendFrom = begun + policy.lease / 3 }
        for message in round.claimed { inDelivery[message.lease] = InFlightLease(era: window.era) }
        // What an outage has postponed comes back gently: its wait counts from the outage's end.
        overdue = round.untilNext.map { min(max(.zero, .zero - $0), deadAt.duration(to: now)) } ?? .zero
        leave(leftOver)
        if round.claimed.count == limit {
            claimFrom = now
        } else {
            claimFrom = round.untilNext.map { now + max(.zero, $0) }
        }
    }

    /// Nothing was written: tried again in a second. When the process stops, what was delivered stays leased,
    /// and is delivered again once the lease has run out.
    mutating func failed(now: Instant, isStopping: Bool) {
        nextRoundFrom = now + .seconds(1)
        if isStopping { finished = [] }
    }
}

extension DeliveryResult {
    var isUnavailable: Bool {
        if case .unavailable = self { true } else { false }
    }
}
