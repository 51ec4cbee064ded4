import TestSupport

@testable import Queue

/// Workers of several processes on one queue without the folder lock, so that leases expire under frozen
/// owners and settlements come too late. The receiver is slow, unavailable for a while, and has an inbox.
final class LeaseRun {
    private static let workers = 2
    private static let faults: Int64 = 60_000
    private static let end: Int64 = 3_600_000

    let world: World
    let judge = LeaseJudge()
    var depot: Depot
    private var workers: [LeaseWorker] = []
    private var owners: Int64 = 0
    private(set) var isFaulty = true
    private var awayUntil: Int64 = 0
    private var inbox: QueueModel

    init(seed: UInt64, mutant: QueueModel.Mutant? = nil) {
        world = World(seed: seed)
        depot = Depot(queue: LanePolicy.queue(mutant), judge: judge)
        inbox = LanePolicy.queue(nil)
        for _ in 0..<Self.workers { start() }
        produce()
        outage()
    }

    func run() -> (violation: Violation?, steps: Int, fingerprint: UInt64, taken: Int) {
        while judge.violation == nil, world.now < Self.end, world.step() {
            if isFaulty { endanger() }
        }
        if judge.violation == nil { judge.drained(depot.queue.entries) }
        return (judge.violation, world.steps, world.fingerprint, judge.taken)
    }

    private func start() {
        owners += 1
        workers.append(LeaseWorker(self, owner: owners))
    }

    private func endanger() {
        if world.now > Self.faults { return isFaulty = false }
        guard !workers.isEmpty, world.dice.happens(5) else { return }
        let worker = world.dice.one(of: workers)
        if world.dice.happens(300) {
            worker.host.isAlive = false
            workers.removeAll { $0 === worker }
            world.after(world.dice.from(10, 3000)) { [self] in start() }
        } else {
            worker.host.frozenUntil = world.now + world.dice.from(500, 9000)
        }
    }

    /// A producer adds, replaces, withdraws and expedites messages.
    private func produce() {
        guard isFaulty else { return }
        depot.queue.now = world.now
        let (kind, key) = (Int(world.dice.from(0, 2)), Int(world.dice.from(0, 5)))
        let replaced = depot.queue.entries.first { $0.kind == kind && $0.key == key }?.id
        switch world.dice.from(0, 9) {
        case 0:
            depot.queue.remove(kind: kind, key: key)
            if let replaced { judge.withdrawn(replaced) }
        case 1: depot.queue.expedite(kind: kind, key: key)
        default: add(kind, key, replacing: replaced)
        }
        for worker in workers { worker.lane?.signal() }
        world.after(world.dice.from(5, 600)) { [self] in produce() }
    }

    private func add(_ kind: Int, _ key: Int, replacing replaced: Int?) {
        let isOrdered = kind > 0
        let once = world.dice.happens(300) ? Int(world.dice.from(0, 60)) : nil
        let delay = world.dice.happens(300) ? world.dice.from(0, 3000) : 0
        let isNew = depot.queue.enqueue(
            lane: 0, kind: kind, key: key, delay: isOrdered ? 0 : delay, priority: kind, ordered: isOrdered,
            once: once)
        guard isNew, let id = depot.queue.entries.last?.id else { return }
        if let replaced { judge.withdrawn(replaced) }
        judge.added(id, key: key, isOrdered: isOrdered, once: once)
    }

    private func outage() {
        world.after(world.dice.from(1000, 20_000)) { [self] in
            guard isFaulty else { return }
            awayUntil = world.now + world.dice.from(100, 10_000)
            outage()
        }
    }

    /// A request to the receiver; its answer may be lost, and it may arrive after its sender timed out.
    func send(_ id: Int, from worker: LeaseWorker, then: @escaping (Outcome<Depot>) -> Void) {
        var isOver = false
        world.after(isFaulty ? 5000 : 500, in: worker.host) {
            if !isOver { then(.unavailable("timeout")) }
            isOver = true
        }
        let wait = isFaulty && world.dice.happens(200) ? world.dice.from(1000, 8000) : world.dice.from(1, 50)
        world.after(wait) { [self] in
            guard world.now >= awayUntil else { return }
            // A poison message: every answer is a refusal.
            let isPoison = id % 41 == 0
            if isPoison { judge.withdrawn(id) } else if inbox.absorb(id) { judge.effect(id) }
            guard !isFaulty || !world.dice.happens(50) else { return }
            world.after(world.dice.from(1, 10), in: worker.host) {
                if !isOver { then(isPoison ? .refused("poison") : .done()) }
                isOver = true
            }
        }
    }
}

private struct DiskFull: Error {}

/// One process that works on the queue.
final class LeaseWorker: QueueProcess {
    unowned let run: LeaseRun
    let world: World
    let host = World.Host()
    let owner: Int64
    private(set) var lane: Lane<LeaseWorker>?

    init(_ run: LeaseRun, owner: Int64) {
        self.run = run
        self.owner = owner
        world = run.world
        lane = Lane(0, of: self)
        lane?.signal()
    }

    func transact<Value>(
        _ body: @escaping (inout Depot) throws -> Value, then: @escaping (Result<Value, any Error>) -> Void
    ) {
        world.after(world.dice.from(0, 3), in: host) { [self] in
            run.depot.queue.now = world.now
            let isFull = run.isFaulty && world.dice.happens(5)
            let result = Result { () throws -> Value in
                if isFull { throw DiskFull() }
                return try body(&run.depot)
            }
            world.after(world.dice.from(0, 2), in: host) { then(result) }
        }
    }

    func handle(_ message: Message, then: @escaping (Outcome<Depot>) -> Void) {
        run.send(Int(message.id), from: self, then: then)
    }
}
