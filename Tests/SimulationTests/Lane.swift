import Resilience

@testable import OrderService
@testable import Queue

/// What a delivery came to; the model's `Verdict`, whose commit runs in the transaction that removes the message.
enum Outcome {
    case done(commit: ((inout Disk) throws -> Void)? = nil)
    case unavailable(String)
    case refused(String)

    fileprivate var verdict: Verdict {
        switch self {
        case .done: .done()
        case .unavailable(let reason): .unavailable(reason)
        case .refused(let reason): .refused(reason)
        }
    }
}

/// One lane's worker: the loop of `LaneWorker`, driven by the production's `LanePlan`.
final class Lane {
    static let policy: QueueWorkers.Policy = {
        var policy = QueueWorkers.Policy()
        policy.lease = .seconds(3)
        return policy
    }()
    private static let origin = ContinuousClock.now

    let name: String
    private unowned let process: OrderProcess
    private let world: World
    private var plan: LanePlan
    private var outcomes: [Lease: Outcome] = [:]
    private var tray: [LanePlan.Delivery] = []
    private var isAwake = false
    private var isRung = false
    private var alarm: World.Event?

    init(_ name: String, of process: OrderProcess) {
        self.name = name
        self.process = process
        world = process.world
        plan = LanePlan(concurrency: 32, policy: Self.policy, now: Self.instant(process.world.now))
    }

    private static func instant(_ now: Int64) -> LanePlan.Instant { origin.advanced(by: .milliseconds(now)) }
    private var now: LanePlan.Instant { Self.instant(world.now) }

    /// Something was committed, or delivered.
    func ring() {
        guard !isAwake else { return isRung = true }
        wake()
    }

    private func wake() {
        alarm?.cancel()
        isAwake = true
        isRung = false
        world.after(0, in: process.host) { [self] in
            plan.rung(at: now)
            work()
        }
    }

    private func work() {
        for delivery in tray { plan.finish(delivery, at: now, chance: &world.dice) }
        tray = []
        guard let next = plan.nextRound(now: now, isStopping: false) else { return sleep() }
        guard next <= now else { return sleep(until: next) }
        round()
    }

    private func sleep(until moment: LanePlan.Instant? = nil) {
        isAwake = false
        if isRung { return wake() }
        guard let moment else { return }
        let wait = now.duration(to: moment)
        alarm = world.after((wait + .microseconds(999)).milliseconds, in: process.host) { [self] in
            if !isAwake { wake() }
        }
    }

    private func round() {
        let begun = now
        let limit = plan.limit(now: begun, isStopping: false)
        let leases = plan.leasesToExtend(now: begun).sorted { $0.id < $1.id }
        let finished = plan.finished
        process.transact { [self] disk in
            var round = LanePlan.Round()
            round.lost = leases.filter { !disk.queue.extend($0, until: leaseEnd) }
            for delivery in finished { settle(&disk, delivery) }
            if limit > 0 {
                round.claimed = disk.queue.claim(lane: name, owner: process.owner, until: leaseEnd, limit: limit, now: world.now)
            }
            if round.claimed.count < limit {
                round.untilNext = disk.queue.untilNext(lane: name, now: world.now).map { .milliseconds($0) }
            }
            return round
        } then: { [self] result in
            switch result {
            case .success(let round):
                for delivery in finished { outcomes[delivery.message.lease] = nil }
                plan.written(round, begun: begun, limit: limit, now: now)
                for message in round.claimed { deliver(message) }
            case .failure: plan.failed(now: now, isStopping: false)
            }
            work()
        }
    }

    private var leaseEnd: Int64 { world.now + Self.policy.lease.milliseconds }

    private func deliver(_ message: Message) {
        process.handle(message) { [self] outcome in
            process.shop.trace.note(message.key, "\(message.kind) #\(message.id): \(outcome)")
            outcomes[message.lease] = outcome
            tray.append(LanePlan.Delivery(message: message, verdict: outcome.verdict))
            ring()
        }
    }

    private func settle(_ disk: inout Disk, _ delivery: LanePlan.Delivery) {
        let message = delivery.message
        let outcome = outcomes[message.lease] ?? .unavailable("forgotten")
        guard case .done(let commit?) = outcome else { return settle(&disk, message, outcome) }
        do {
            try disk.transaction { disk in
                guard disk.queue.settle(message.lease, .done, now: world.now) else { return }
                try commit(&disk)
            }
        } catch {
            settle(&disk, message, .unavailable("\(error)"))
        }
    }

    private func settle(_ disk: inout Disk, _ message: Message, _ outcome: Outcome) {
        let settlement: QueueModel.Settlement =
            switch (outcome, process.mutant) {
            case (.done, _), (.unavailable, .dropsWhatIsUnavailable): .done
            case (.unavailable(let reason), .countsAnOutageAsRefusal), (.refused(let reason), _):
                .refused(reason, wait: wait(message.failures + message.tries + 1), tries: Self.policy.tries)
            case (.unavailable(let reason), _): .unavailable(reason, wait: wait(message.failures + 1))
            }
        _ = disk.queue.settle(message.lease, settlement, now: world.now)
    }

    private func wait(_ failures: Int) -> Int64 {
        Self.policy.backoff.delay(afterFailures: failures, using: &world.dice).milliseconds
    }
}
