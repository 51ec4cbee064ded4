import Contracts
import Foundation
import Resilience
import TestSupport

@testable import Queue

/// A disk with a queue on it.
protocol QueueKeeper {
    var queue: QueueModel { get set }
    func message(_ claim: QueueModel.Claim) -> Message
    /// Reports an extended lease to a judge.
    func extended(_ lease: Lease)
    func settled(_ message: Message)
}

/// A process that works on one lane of a queue or more.
protocol QueueProcess: AnyObject {
    associatedtype Disk: QueueKeeper
    var world: World { get }
    var host: World.Host { get }
    var owner: Int64 { get }
    func transact<Value>(
        _ body: @escaping (inout Disk) throws -> Value, then: @escaping (Result<Value, any Error>) -> Void)
    func handle(_ message: Message, then: @escaping (Outcome<Disk>) -> Void)
}

/// The simulation's `DeliveryResult`, whose commit changes a simulated disk.
enum Outcome<Disk> {
    case done(commit: ((inout Disk) throws -> Void)? = nil)
    case unavailable(String)
    case refused(String)

    fileprivate var result: DeliveryResult {
        switch self {
        case .done: .done()
        case .unavailable(let reason): .unavailable(reason)
        case .refused(let reason): .refused(reason)
        }
    }
}

/// The policy of all lanes, with leases shorter than many freezes.
enum LanePolicy {
    static let policy: QueueWorkers.Policy = {
        var policy = QueueWorkers.Policy()
        policy.lease = .seconds(3)
        return policy
    }()
    static let origin = ContinuousClock.now

    static func queue(_ mutant: QueueModel.Mutant?) -> QueueModel {
        QueueModel(
            lease: policy.lease.wholeMilliseconds, tries: policy.tries,
            retention: Inbox.retention.wholeMilliseconds,
            now: 0,
            mutant: mutant)
    }
}

/// One lane's worker: the loop of `LaneWorker`, with the real `LanePlan`.
final class Lane<Process: QueueProcess> {
    private let number: Int
    private unowned let process: Process
    private let world: World
    private var plan: LanePlan
    private var claims: [Lease: QueueModel.Claim] = [:]
    private var outcomes: [Lease: Outcome<Process.Disk>] = [:]
    private var completions: [LanePlan.Delivery] = []
    private var isAwake = false
    private var isSignalled = false
    private var timer: World.Event?

    init(_ number: Int, of process: Process) {
        self.number = number
        self.process = process
        world = process.world
        let start = LanePolicy.origin.advanced(by: .milliseconds(process.world.now))
        plan = LanePlan(concurrency: 32, policy: LanePolicy.policy, now: start)
    }

    private var now: LanePlan.Instant { LanePolicy.origin.advanced(by: .milliseconds(world.now)) }

    /// Called after a commit or a delivery.
    func signal() {
        guard !isAwake else { return isSignalled = true }
        wake()
    }

    private func wake() {
        timer?.cancel()
        isAwake = true
        isSignalled = false
        world.after(0, in: process.host) { [self] in
            plan.woken(at: now)
            work()
        }
    }

    private func work() {
        for delivery in completions { plan.finish(delivery, at: now, random: &world.dice) }
        completions = []
        guard let next = plan.nextRound(now: now, isStopping: false) else { return sleep() }
        guard next <= now else { return sleep(until: next) }
        round()
    }

    private func sleep(until moment: LanePlan.Instant? = nil) {
        isAwake = false
        if isSignalled { return wake() }
        guard let moment else { return }
        let wait = now.duration(to: moment)
        // Rounded up: the world's time has whole milliseconds, and less than one would never pass.
        timer = world.after(max(1, (wait + .microseconds(999)).wholeMilliseconds), in: process.host) {
            [self] in
            if !isAwake { wake() }
        }
    }

    // MARK: A round: extend, settle and claim in one transaction

    private func round() {
        let begun = now
        let limit = plan.limit(now: begun, isStopping: false)
        let leases = plan.leasesToExtend(now: begun).sorted { $0.id < $1.id }
        let finished = plan.finished
        process.transact { [self] disk in
            var round = LanePlan.Round()
            round.lost = leases.filter { !extend(&disk, $0) }
            for delivery in finished { settle(&disk, delivery) }
            if limit > 0 { round.claimed = claim(&disk, limit: limit) }
            round.untilNext = disk.queue.nextDue(lane: number).map { .milliseconds($0 - world.now) }
            return round
        } then: { [self] result in
            switch result {
            case .success(let round):
                plan.written(round, begun: begun, limit: limit, now: now)
                for message in round.claimed { deliver(message) }
            case .failure: plan.failed(now: now, isStopping: false)
            }
            work()
        }
    }

    private func claim(_ disk: inout Process.Disk, limit: Int) -> [Message] {
        disk.queue.claim(lane: number, owner: process.owner, limit: limit).map { claim in
            let message = disk.message(claim)
            claims[message.lease] = claim
            return message
        }
    }

    private func extend(_ disk: inout Process.Disk, _ lease: Lease) -> Bool {
        guard let claim = claims[lease], disk.queue.extend(claim) else { return false }
        disk.extended(lease)
        return true
    }

    private func deliver(_ message: Message) {
        process.handle(message) { [self] outcome in
            outcomes[message.lease] = outcome
            completions.append(LanePlan.Delivery(message: message, result: outcome.result))
            signal()
        }
    }

    private func settle(_ disk: inout Process.Disk, _ delivery: LanePlan.Delivery) {
        let message = delivery.message
        guard let claim = claims[message.lease], let outcome = outcomes[message.lease] else { return }
        switch outcome {
        case .done(let commit):
            let before = disk
            guard disk.queue.settle(claim, .done, delay: 0) else { return }
            do {
                try commit?(&disk)
                disk.settled(message)
            } catch {
                disk = before
                settle(&disk, message, claim, .unavailable, failures: message.failures)
            }
        case .unavailable: settle(&disk, message, claim, .unavailable, failures: message.failures)
        case .refused: settle(&disk, message, claim, .refused, failures: message.failures + message.tries)
        }
    }

    private func settle(
        _ disk: inout Process.Disk, _ message: Message, _ claim: QueueModel.Claim,
        _ result: QueueModel.DeliveryResult, failures: Int
    ) {
        let wait = LanePolicy.policy.backoff.delay(afterFailures: failures + 1, using: &world.dice)
            .wholeMilliseconds
        if disk.queue.settle(claim, result, delay: wait) { disk.settled(message) }
    }
}
