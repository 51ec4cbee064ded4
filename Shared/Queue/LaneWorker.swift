import GRDB
import Logging
import Resilience
import Storage

/// Works through one lane in rounds: one transaction settles the last round's messages and claims the next, which are
/// then delivered side by side.
///
/// When a whole round fails, the destination is taken for dead: the lane pauses, longer each time, and then tries a
/// single message, until one succeeds.
struct LaneWorker: Sendable {
    let lane: QueueWorkers.Lane
    let claims: LaneClaims
    let store: Store
    let policy: QueueWorkers.Policy
    let time: TimeSource
    let bell: Bell
    let logger: Logger

    private typealias Delivery = (message: Message, verdict: Verdict)

    func run() async {
        var delivered: [Delivery] = []
        var failedRounds = 0
        var isBack = false
        while true {
            let isStopping = Task.isCancelled
            let claimed = time.now()
            let limit = isStopping ? 0 : failedRounds > 0 ? 1 : lane.concurrency
            let round: Round
            do {
                round = try await settleAndClaim(delivered, limit: limit, isBack: isBack)
            } catch {
                // Nothing was settled, so the leases run out and the messages are delivered again.
                logger.error("queue: a round could not be written", metadata: ["lane": "\(lane.name)", "error": "\(error)"])
                delivered = []
                if isStopping { return }
                await pause(.seconds(1))
                continue
            }
            if isStopping { return }
            isBack = false
            delivered = await deliver(round.messages)
            if delivered.isEmpty {
                await wait(upTo: round.untilNext)
            } else {
                let isAnswered = delivered.contains { !$0.verdict.isUnavailable }
                isBack = isAnswered && failedRounds > 0
                failedRounds = isAnswered ? 0 : failedRounds + 1
                var chance = SystemRandomNumberGenerator()
                if failedRounds > 0 {
                    // Told at once, so that what the queue says of itself is true while the lane pauses.
                    if (try? await settleAndClaim(delivered, limit: 0, isBack: false)) != nil { delivered = [] }
                    await pause(policy.backoff.delay(afterFailures: failedRounds, using: &chance))
                }
            }
            await pause(policy.claimInterval - claimed.duration(to: time.now()))
        }
    }

    private struct Round: Sendable {
        var messages: [Message]
        var untilNext: Duration?
    }

    /// - Parameter isBack: the destination had been taken for dead and has answered: what was put off for its sake follows.
    private func settleAndClaim(_ delivered: [Delivery], limit: Int, isBack: Bool) async throws -> Round {
        try await store.write("queue \(lane.name)") { database in
            var chance = SystemRandomNumberGenerator()
            // Before this round's own failures are put off: those keep their wait.
            if isBack { try claims.hastenFailed(database) }
            for (message, verdict) in delivered {
                try settle(database, message, verdict, chance: &chance)
            }
            let messages = limit > 0 ? try claims.claim(database, limit: limit) : []
            return Round(messages: messages, untilNext: messages.isEmpty ? try claims.untilNext(database) : nil)
        }
    }

    /// In a savepoint, so that a commit that fails is one message's trouble, and that message is tried again.
    private func settle(_ database: Database, _ message: Message, _ verdict: Verdict, chance: inout SystemRandomNumberGenerator)
        throws
    {
        var isOurs = true
        do {
            try database.inSavepoint {
                isOurs = try claims.settle(database, message, verdict, chance: &chance)
                return .commit
            }
        } catch {
            guard database.isInsideTransaction else { throw error }
            logger.error(
                "queue: a delivery could not be committed", metadata: ["kind": "\(message.kind)", "error": "\(error)"])
            isOurs = try claims.settle(database, message, .unavailable("\(error)"), chance: &chance)
        }
        if !isOurs { logger.warning("queue: a lease was lost before its message was settled") }
    }

    private func deliver(_ messages: [Message]) async -> [Delivery] {
        guard !messages.isEmpty else { return [] }
        return await withTaskGroup(of: Delivery.self) { group in
            for message in messages {
                // What has begun is finished, also when the process is asked to stop: timeouts bound it.
                group.addTask { await Task { (message, await handle(message)) }.value }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func handle(_ message: Message) async -> Verdict {
        guard let handler = lane.handlers[message.kind] else { return .refused("no handler for this kind") }
        let verdict = await handler(message)
        switch verdict {
        case .done: break
        case .unavailable(let reason), .refused(let reason):
            logger.debug(
                "queue: not delivered",
                metadata: ["kind": "\(message.kind)", "key": "\(message.key)", "reason": "\(reason)"])
        }
        return verdict
    }

    /// Until the bell rings or the next message is due; a second at most while one waits, for clocks that are set.
    private func wait(upTo untilNext: Duration?) async {
        guard let untilNext else { return await bell.wait() }
        let alarm = Task {
            // Cancelled, it must not ring: the bell would wake the next wait, and that one's alarm the next, for ever.
            guard (try? await time.sleep(min(untilNext, .seconds(1)))) != nil else { return }
            bell.ring()
        }
        await bell.wait()
        alarm.cancel()
    }

    private func pause(_ duration: Duration) async {
        if duration > .zero { try? await time.sleep(duration) }
    }
}

extension Verdict {
    var isUnavailable: Bool {
        if case .unavailable = self { true } else { false }
    }
}
