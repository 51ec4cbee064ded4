import Contracts
import Foundation
import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

/// The SQL and the model, through the same random steps.
private struct Pair: Sendable {
    private struct Held: Sendable {
        var message: Message
        var claim: QueueModel.Claim
        var lane: Int
    }

    private let queue: DurableQueue
    private let time: ManualTime
    private let policy: QueueWorkers.Policy
    private var model: QueueModel
    private var random: SeededRandomSource
    /// Claims that may be settled, in time or too late, once or twice.
    private var held: [Held] = []

    init(_ bench: QueueBench, _ random: SeededRandomSource, mutant: QueueModel.Mutant?) {
        queue = bench.queue
        time = bench.time
        policy = bench.policy
        self.random = random
        model = QueueModel(
            lease: policy.lease.wholeMilliseconds, tries: policy.tries,
            retention: Inbox.retention.wholeMilliseconds,
            now: queue.clock.now, mutant: mutant)
    }

    /// - Returns: the first difference.
    mutating func steps(_ count: Int, _ database: Database) throws -> String? {
        for number in 0..<count {
            model.now = queue.clock.now
            if let difference = try step(database) { return difference }
            if number % 10 == 0, let difference = try rows(database) { return difference }
        }
        return try rows(database)
    }

    private mutating func step(_ database: Database) throws -> String? {
        switch random.upTo(100) {
        case ..<30: try enqueue(database)
        case ..<50: return try claim(database)
        case ..<72: return try settle(database)
        case ..<77: return try extend(database)
        case ..<81:
            let (kind, key) = (random.upTo(3), random.upTo(6))
            try queue.remove(database, kind: "\(kind)", key: "\(key)")
            model.remove(kind: kind, key: key)
        case ..<84:
            let (kind, key) = (random.upTo(3), random.upTo(6))
            try queue.expedite(database, lane: "0", kind: "\(kind)", key: "\(key)")
            model.expedite(kind: kind, key: key)
        case ..<86:
            let count = try queue.redrive(database)
            let expected = model.redrive()
            return count == expected ? nil : "redrive: \(count), not \(expected)"
        case 86:
            try queue.takeOver(database)
            model.takeOver()
        default:
            let steps: [Duration] = [
                .milliseconds(1), .seconds(1), .seconds(4), policy.lease, .seconds(16 * 86_400),
            ]
            time.advance(by: steps[random.upTo(random.upTo(8) == 0 ? 5 : 4)])
        }
        return nil
    }

    private mutating func enqueue(_ database: Database) throws {
        let (lane, kind, key) = (random.upTo(2), random.upTo(3), random.upTo(6))
        let delay = random.upTo(2) == 0 ? 0 : random.upTo(10_000)
        let (priority, ordered) = (random.upTo(4), random.upTo(2) == 0)
        let id = random.upTo(4) == 0 ? random.upTo(40) : nil
        try queue.enqueue(
            database, lane: "\(lane)", kind: "\(kind)", key: "\(key)", delay: .milliseconds(delay),
            priority: priority,
            ordered: ordered, once: id.map { "\($0)" })
        model.enqueue(
            lane: lane, kind: kind, key: key, delay: Int64(delay), priority: priority, ordered: ordered,
            once: id)
    }

    private func claims(_ lane: Int, _ owner: Int64) -> LaneClaims {
        LaneClaims(lane: "\(lane)", policy: policy, clock: queue.clock, owner: owner)
    }

    private mutating func claim(_ database: Database) throws -> String? {
        let (lane, owner, limit) = (random.upTo(2), Int64(1 + random.upTo(2)), 1 + random.upTo(4))
        let messages = try claims(lane, owner).claim(database, limit: limit)
        let expected = model.claim(lane: lane, owner: owner, limit: limit)
        let claimed = messages.map {
            QueueModel.Claim(
                id: Int($0.id), kind: Int($0.kind) ?? -1, key: Int($0.key) ?? -1, owner: $0.owner,
                attempt: $0.attempt,
                tries: $0.tries, failures: $0.failures)
        }
        guard claimed == expected else { return "claimed \(claimed), not \(expected)" }
        held += zip(messages, expected).map { Held(message: $0, claim: $1, lane: lane) }
        held.removeFirst(max(0, held.count - 30))
        return nil
    }

    private mutating func settle(_ database: Database) throws -> String? {
        guard !held.isEmpty else { return nil }
        let index = random.upTo(held.count)
        let (message, claim, lane) = (held[index].message, held[index].claim, held[index].lane)
        if random.upTo(3) > 0 { held.remove(at: index) }
        let result = QueueModel.DeliveryResult.allCases[min(2, random.upTo(4))]
        var (draws, same) = (Draws(state: random.next()), Draws(state: 0))
        same.state = draws.state
        let failures = result == .refused ? claim.failures + claim.tries + 1 : claim.failures + 1
        let delay = policy.backoff.delay(afterFailures: failures, using: &same).wholeMilliseconds
        let isOurs =
            switch result {
            case .done: try claims(lane, message.owner).settle(database, message, .done(), random: &draws)
            case .unavailable:
                try claims(lane, message.owner).settle(database, message, .unavailable("-"), random: &draws)
            case .refused:
                try claims(lane, message.owner).settle(database, message, .refused("-"), random: &draws)
            }
        let expected = model.settle(claim, result, delay: delay)
        return isOurs == expected ? nil : "settled \(claim) as \(result): \(isOurs), not \(expected)"
    }

    private mutating func extend(_ database: Database) throws -> String? {
        guard !held.isEmpty else { return nil }
        let one = held[random.upTo(held.count)]
        let isOurs = try claims(one.lane, one.message.owner).extend(database, one.message.lease)
        let expected = model.extend(one.claim)
        return isOurs == expected ? nil : "extended \(one.claim): \(isOurs), not \(expected)"
    }

    private func rows(_ database: Database) throws -> String? {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT id, lane, kind, key, priority, ordered, state, due_at, wait_ms, owner, attempt, tries,
                    failures, created_at
                FROM queue ORDER BY id
                """
        ).map { row in row.databaseValues.map(\.description).joined(separator: " ") }
        let expected = model.entries.map(\.row)
        if rows != expected {
            return "rows\n\(rows.joined(separator: "\n"))\nnot\n\(expected.joined(separator: "\n"))"
        }
        for lane in 0..<2 {
            let next = try claims(lane, 1).untilNext(database)?.wholeMilliseconds
            let due = model.nextDue(lane: lane).map { $0 - queue.clock.now }
            if next != due { return "lane \(lane) is due in \(next ?? -1), not \(due ?? -1)" }
        }
        let now = queue.clock.now
        let (report, counted) = (try DurableQueue.report(database, at: now), model.report(at: now))
        return report == counted ? nil : "reported \(report), not \(counted)"
    }
}

/// Random numbers that can be drawn twice, since a copy continues by itself.
private struct Draws: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 33)
    }
}

extension QueueModel {
    /// Counted message by message.
    fileprivate func report(at now: Int64) -> DurableQueue.Report {
        var report = DurableQueue.Report()
        for entry in entries {
            let state: DurableQueue.Report.State =
                switch entry.state {
                case .dead: .dead
                case .blocked: .delayed
                case .waiting(let due): due <= now ? .ready : .delayed
                case .leased(_, let end): end <= now ? .ready : .leased
                }
            report.counts["\(entry.kind)", default: [:]][state, default: 0] += 1
            if state != .dead { report.oldestAge = max(report.oldestAge, .milliseconds(now - entry.created)) }
        }
        return report
    }
}

extension QueueModel.Entry {
    /// As SQLite prints it.
    fileprivate var row: String {
        let (name, owner): (String, Int64?) =
            switch state {
            case .waiting: ("waiting", nil)
            case .leased(let owner, _): ("leased", owner)
            case .blocked: ("blocked", nil)
            case .dead: ("dead", nil)
            }
        let text = { (number: Int64?) in number.map { "\($0)" } ?? "NULL" }
        return """
            \(id) "\(lane)" "\(kind)" "\(key)" \(priority) \(isOrdered ? 1 : 0) "\(name)" \
            \(text(due)) \(wait) \(text(owner)) \
            \(attempt) \(tries) \(failures) \(created)
            """
    }
}

@Suite("The SQL and the model", .timeLimit(.minutes(10)))
struct QueueModelTests {
    private func difference(_ random: SeededRandomSource, steps: Int, mutant: QueueModel.Mutant? = nil)
        async throws -> String?
    {
        let bench = try QueueBench()
        defer { bench.store.close() }
        var pair = Pair(bench, random, mutant: mutant)
        // Many steps share a transaction: transactions are tested elsewhere.
        for _ in 0..<(steps / 100) {
            let (next, found) = try await bench.store.write { [pair] database in
                var pair = pair
                let found = try pair.steps(100, database)
                return (pair, found)
            }
            pair = next
            if let found { return found }
        }
        return nil
    }

    @Test("20,000 random steps by two owners, late and repeated settlements among them, leave both alike")
    func alike() async throws {
        #expect(try await difference(SeededRandomSource("queue and model"), steps: 20_000) == nil)
    }

    @Test("each planted bug is found", arguments: QueueModel.Mutant.allCases)
    func mutants(_ mutant: QueueModel.Mutant) async throws {
        #expect(try await difference(SeededRandomSource("\(mutant)"), steps: 20_000, mutant: mutant) != nil)
    }
}
