import GRDB
import Instrumentation
import Logging
import Metrics
import Resilience
import Storage
import Telemetry
import Tracing

/// Works through one lane: messages are delivered side by side, as many at once as the ``LaneWindow`` lets
/// in, and what has been delivered is settled together with the next claim, in one transaction.
///
/// It does nothing until the wake signal comes (a message was committed, or delivered) or the plan's next
/// round is due.
struct LaneWorker: Sendable {
    let lane: QueueWorkers.Lane
    let claims: LaneClaims
    let store: Store
    let policy: QueueWorkers.Policy
    let time: TimeSource
    let wakeSignal: WakeSignal
    let stale: Counter
    let share: @Sendable () -> Double
    let tracer: ServiceTracer
    let logger: Logger

    /// What deliveries and the shutdown leave for the loop.
    private final class CompletionQueue: Sendable {
        private let state = Locked((finished: [LanePlan.Delivery](), isStopping: false))

        var isStopping: Bool { state.withLock { $0.isStopping } }

        func stop() { state.withLock { $0.isStopping = true } }

        func put(_ delivery: LanePlan.Delivery) { state.withLock { $0.finished.append(delivery) } }

        func take() -> [LanePlan.Delivery] {
            state.withLock { state in
                defer { state.finished = [] }
                return state.finished
            }
        }
    }

    /// Returns after the task was cancelled, once what was in delivery is finished and settled: timeouts
    /// bound it.
    func run() async {
        let completions = CompletionQueue()
        await withTaskCancellationHandler {
            await Task { await work(completions) }.value
        } onCancel: {
            completions.stop()
            wakeSignal.signal()
        }
    }

    private func work(_ completions: CompletionQueue) async {
        await withDiscardingTaskGroup { deliveries in
            var plan = LanePlan(concurrency: lane.concurrency, policy: policy, now: time.now())
            var random = SystemRandomNumberGenerator()
            while true {
                let isStopping = completions.isStopping
                let now = time.now()
                plan.leave(share())
                for delivery in completions.take() { plan.finish(delivery, at: now, random: &random) }
                if isStopping, plan.isEmpty { return }
                let next = plan.nextRound(now: now, isStopping: isStopping)
                guard let next, next <= now else {
                    await wait(until: next)
                    plan.woken(at: time.now())
                    continue
                }
                for message in await round(&plan, now: now, isStopping: isStopping) {
                    deliveries.addTask {
                        completions.put(await deliver(message))
                        wakeSignal.signal()
                    }
                }
            }
        }
    }

    /// Writes what the plan says and answers what was claimed.
    private func round(_ plan: inout LanePlan, now: LanePlan.Instant, isStopping: Bool) async -> [Message] {
        let limit = plan.limit(now: now, isStopping: isStopping)
        do {
            let round = try await write(
                extend: plan.leasesToExtend(now: now), settle: plan.finished, limit: limit)
            plan.written(round, begun: now, limit: limit, now: time.now())
            return round.claimed
        } catch {
            logger.error(
                "queue: a round could not be written",
                metadata: ["lane": "\(lane.name)", "error": "\(error)"])
            plan.failed(now: time.now(), isStopping: isStopping)
            return []
        }
    }

    /// Leases are extended before anything is claimed: a process that was frozen for longer than its leases
    /// keeps the messages that no other has claimed, instead of claiming them a second time.
    private func write(extend leases: [Lease], settle finished: [LanePlan.Delivery], limit: Int) async throws
        -> LanePlan.Round
    {
        let (round, late) = try await store.write("queue \(lane.name)") { database in
            var round = LanePlan.Round()
            var late: [Message] = []
            round.lost = try leases.filter { try !claims.extend(database, $0) }
            var random = SystemRandomNumberGenerator()
            for delivery in finished where try !settle(database, delivery, random: &random) {
                late.append(delivery.message)
            }
            if limit > 0 { round.claimed = try claims.claim(database, limit: limit) }
            round.untilNext = try claims.untilNext(database)
            return (round, late)
        }
        for lease in round.lost + late.map(\.lease) {
            stale.increment()
            logger.warning(
                "queue: a lease was lost before its message was settled",
                metadata: ["lane": "\(lane.name)", "message": "\(lease.id)", "attempt": "\(lease.attempt)"])
        }
        return round
    }

    /// A commit runs in a savepoint: if it fails, only its message is tried again.
    private func settle(
        _ database: Database, _ delivery: LanePlan.Delivery, random: inout some RandomNumberGenerator
    ) throws -> Bool {
        let message = delivery.message
        guard case .done(.some) = delivery.result else {
            return try claims.settle(database, message, delivery.result, random: &random)
        }
        var isOurs = true
        do {
            try database.inSavepoint {
                let span = delivery.context?.span?.child("write \(message.kind)", ofKind: .internal)
                defer { span?.end() }
                do {
                    isOurs = try InstrumentationContext.withValue(span?.context ?? delivery.context) {
                        try claims.settle(database, message, delivery.result, random: &random)
                    }
                } catch {
                    span?.fail("\(type(of: error))")
                    throw error
                }
                return .commit
            }
        } catch {
            // A store that fails fails for all messages.
            guard database.isInsideTransaction, !StoreError.isOfTheStore(error) else { throw error }
            logger.error(
                "queue: a delivery could not be committed",
                metadata: ["kind": "\(message.kind)", "error": "\(error)"])
            isOurs = try claims.settle(database, message, .unavailable("\(error)"), random: &random)
        }
        return isOurs
    }

    private func deliver(_ message: Message) async -> LanePlan.Delivery {
        guard let parent = message.trace else {
            return LanePlan.Delivery(message: message, result: await handle(message))
        }
        var context = InstrumentationContext.topLevel
        let trace = tracer.trace(continuing: parent)
        context.trace = trace
        let span = tracer.begin("process \(message.kind)", ofKind: .consumer, in: trace)
        span?.describe(message, lane: lane.name, enqueuedBy: trace)
        if let span { context = span.context }
        let result = await context.asCurrent { await handle(message) }
        span?.end(result)
        return LanePlan.Delivery(message: message, result: result, context: context)
    }

    private func handle(_ message: Message) async -> DeliveryResult {
        guard let handler = lane.handlers[message.kind] else { return .refused("no handler for this kind") }
        let result = await handler(message)
        switch result {
        case .done: break
        case .unavailable(let reason), .refused(let reason):
            logger.debug(
                "queue: not delivered",
                metadata: ["kind": "\(message.kind)", "key": "\(message.key)", "reason": "\(reason)"])
        }
        return result
    }

    /// Returns when the wake signal comes, or at `instant`.
    private func wait(until instant: LanePlan.Instant?) async {
        guard let instant else { return await wakeSignal.wait() }
        let timer = Task {
            // Cancelled, it must not signal: it would wake the next wait, and that one's timer the next, for
            // ever.
            guard (try? await time.sleep(time.now().duration(to: instant))) != nil else { return }
            wakeSignal.signal()
        }
        await wakeSignal.wait()
        timer.cancel()
    }
}

extension ServiceSpan {
    fileprivate func describe(_ message: Message, lane: String, enqueuedBy trace: TraceContext) {
        set("messaging.system", "csp")
        set("messaging.operation.type", "process")
        set("messaging.destination.name", .string(lane))
        set("messaging.message.id", .string("\(message.id)"))
        set("messaging.message.conversation_id", .string(message.key))
        set("csp.attempt", .int64(message.attempt))
        link(to: trace)
    }

    fileprivate func end(_ result: DeliveryResult) {
        switch result {
        case .done: set("csp.outcome", "ok")
        case .unavailable(let reason):
            set("csp.outcome", "unavailable")
            fail(reason)
        case .refused(let reason):
            set("csp.outcome", "refused")
            fail(reason)
        }
        end()
    }
}
