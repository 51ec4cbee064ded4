import Contracts
import Foundation
import StackView
import Transport

/// Measures the capacity and the cost of a refusal, then sends several times the capacity.
struct RunOverload {
    /// Sizes of the closed loop, tried in turn as long as a larger one serves more orders.
    private static let crowds = [16, 32, 64, 128]
    /// The least gain in orders a second for a larger crowd.
    private static let gain = 1.05
    /// The share of quotes, of lower criticality, in the requests of a step.
    private static let quotes = 0.2

    /// Seconds of an outage under load; the load during it and afterwards as multiples of the capacity.
    static let outage = 30.0
    static let outageLoad = 2.0
    private static let afterwards = 0.8
    /// How often customers send an order in the outage.
    private static let tries = 4
    /// Seconds that are observed afterwards.
    private static let aftermath = 20.0

    let stack: DrillStack
    let baskets: [Basket]
    /// Length of one step.
    let seconds: Double
    let signals: StopSignals
    let show: @Sendable (String) -> Void

    /// The figures that a step is compared with.
    private struct Measure {
        var capacity: Double
        var refusalCost: Double
        var usualP99: Double
    }

    func run(_ experiments: [Experiment], known: inout Set<String>) async throws -> OverloadReport {
        var report = OverloadReport(capacity: 0, p99AtSeventyPercent: 0, refusalCost: 0, steps: [])
        do {
            try await run(experiments, &report)
        } catch let obstacle as Failure where signals.count == 0 {
            report.obstacle = obstacle.message
        }
        (report.audit, _) = try await DrillAudit.take(
            stack.reader(), history: nil, known: &known, wait: .seconds(60), progress: show)
        return report
    }

    private func run(_ experiments: [Experiment], _ report: inout OverloadReport) async throws {
        var crowd = try Crowd(orderURL: stack.service(.order).url, baskets: baskets)
        var measure = try await measure(&crowd)
        for factor in experiments.compactMap(\.overload) {
            let step = try await settled { number in
                let otherProcesses = OtherProcesses()
                let watching = Task { await otherProcesses.run(beside: stack) }
                defer { watching.cancel() }
                // Other processes may have changed the capacity since it was measured.
                if number > 1 { measure = try await self.measure(&crowd) }
                show(
                    "\(factor.formattedWithoutZeros) times the capacity of \(Int(measure.capacity)) orders/s")
                return try await self.step(factor, measure, &crowd, otherProcesses)
            }
            report.steps.append(step)
        }
        for name in experiments.compactMap(\.outage) {
            report.outage = try await outage(of: name, measure.capacity, measure.usualP99, &crowd)
        }
        report.capacity = measure.capacity.rounded(places: 1)
        report.p99AtSeventyPercent = measure.usualP99
        report.refusalCost = measure.refusalCost.rounded(places: 4)
        report.ordersRefused = crowd.ordersRefused
    }

    private func measure(_ crowd: inout Crowd) async throws -> Measure {
        let (capacity, orderCost) = try await capacity(&crowd)
        let refusalCost = try await refusal(&crowd) / orderCost
        // Long enough for a p99.
        let rest = Crowd.Phase(
            seconds: max(seconds, ArrivalSchedule.sample / (0.7 * capacity)), rate: 0.7 * capacity)
        show("0.7 times the capacity of \(Int(capacity)) orders/s")
        let usual = try await crowd.send([rest]).orders
        try await drain()
        return Measure(
            capacity: capacity, refusalCost: refusalCost, usualP99: DrillExperiment.Latency(usual)?.p99 ?? 0)
    }

    /// The most orders a second, and the processor time of one. Both are measured while customers send, as in
    /// the steps: deferred messages are delivered before the next crowd.
    private func capacity(_ crowd: inout Crowd) async throws -> (Double, Double) {
        var best = (0.0, 0.0)
        _ = try await crowd.inTurn(Self.crowds[0], for: 1)
        for customers in Self.crowds {
            show("measuring the capacity with \(customers) customers")
            try await drain()
            let before = try CPUTime(stack.folder.record())
            let begin = ContinuousClock.now
            let samples = try await crowd.inTurn(customers, for: seconds)
            let elapsed = (ContinuousClock.now - begin).seconds
            let used = try CPUTime(stack.folder.record()).own(since: before)
            try await checkThatGoodsAreLeft(samples.count { $0.outcome == .refused })
            let taken = Double(samples.count(where: \.isTaken))
            guard taken > 0 else { throw Failure("the stack takes no orders") }
            guard taken / elapsed > best.0 * Self.gain else { break }
            best = (taken / elapsed, used / taken)
        }
        return best
    }

    /// The drill's own stacks have enough stock; the user's may not.
    private func checkThatGoodsAreLeft(_ refused: Int) async throws {
        guard refused > 0 else { return }
        let stock: [Stock] = try await stack.reader().all(.inventory, "/stock")
        throw Failure(
            """
            \(refused) orders were refused (409): \(stock.count { $0.available == 0 }) of \(stock.count) \
            products are sold out, and a shop without goods says nothing of its capacity; without a running \
            stack the drill starts one with plenty
            """)
    }

    /// The processor time of one refusal, once what was measured before is delivered.
    private func refusal(_ crowd: inout Crowd) async throws -> Double {
        try await drain()
        show("measuring what a refusal costs")
        let before = try CPUTime(stack.folder.record())
        let count = try await crowd.refused(at: 4000, for: 2)
        guard count > 0 else { throw Failure("orders whose deadline has passed aren't refused") }
        return try CPUTime(stack.folder.record()).own(since: before) / Double(count)
    }

    private func step(
        _ factor: Double, _ measure: Measure, _ crowd: inout Crowd, _ otherProcesses: OtherProcesses
    ) async throws -> OverloadReport.Step {
        try check()
        let capacity = measure.capacity
        let calm = Crowd.Phase(seconds: 2, rate: 0.7 * capacity)
        let load = Crowd.Phase(seconds: seconds, rate: factor * capacity, quotes: Self.quotes)
        let after = Crowd.Phase(seconds: 4, rate: 0.7 * capacity)
        let before = try await shedder()
        let (orders, quotes) = try await crowd.send([calm, load, after])
        let counted = try await shedder()
        let span = DrillExperiment.Span(begin: calm.seconds, end: calm.seconds + load.seconds)
        let judge = OverloadJudge(
            factor: factor, capacity: capacity, refusalCost: measure.refusalCost, usualP99: measure.usualP99,
            orders: orders,
            quotes: quotes,
            span: span, end: span.end + after.seconds)
        try await checkThatGoodsAreLeft(judge.soldOut)
        let findings = judge.findings
        let (outcome, failures) = findings.conclusion(otherProcesses: otherProcesses.share)
        let ended = ContinuousClock.now
        try await drain()
        return OverloadReport.Step(
            factor: factor, offered: load.rate.rounded(places: 1),
            ordersOffered: (load.rate * (1 - load.quotes)).rounded(places: 1),
            goodput: judge.goodput.rounded(places: 1),
            bound: judge.bound.rounded(places: 1), admittedP50: judge.admitted?.p50,
            admittedP99: judge.admitted?.p99,
            shed: Self.difference(counted?.shed, before?.shed),
            admitted: Self.difference(counted?.admitted, before?.admitted),
            settledSeconds: judge.settledSeconds, recoveredSeconds: judge.recoveredSeconds,
            outcome: outcome, failures: failures, timeline: DrillExperiment.Second.timeline(orders),
            span: span,
            drainedSeconds: (ContinuousClock.now - ended).seconds.rounded(places: 1),
            otherProcesses: otherProcesses.share,
            isInDoubt: findings.areDoubtful)
    }

    /// Freezes a dependency under overload, with customers who retry, and checks that the stack recovers once
    /// both end.
    private func outage(of name: String, _ capacity: Double, _ usualP99: Double, _ crowd: inout Crowd)
        async throws
        -> OverloadReport.Outage
    {
        try check()
        show(
            """
            \(name) frozen under \(Self.outageLoad.formattedWithoutZeros) times the capacity of \
            \(Int(capacity)) orders/s
            """)
        let calm = Crowd.Phase(seconds: 2, rate: Self.afterwards * capacity)
        let load = Crowd.Phase(seconds: Self.outage, rate: Self.outageLoad * capacity)
        let after = Crowd.Phase(seconds: Self.aftermath, rate: Self.afterwards * capacity)
        guard let service = ServiceName(rawValue: name) else {
            throw Failure("\(name) is no service of this stack")
        }
        let injectedFault = InjectedFault(
            service: service, kind: .frozen, stack: stack, seed: 0,
            expiresAfter: calm.seconds + load.seconds + after.seconds)
        let otherProcesses = OtherProcesses()
        let watching = Task { await otherProcesses.run(beside: stack) }
        defer { watching.cancel() }
        let begin = ContinuousClock.now
        let sending = Task { [crowd] in
            var crowd = crowd
            let orders = try await crowd.send([calm, load, after], tries: Self.tries).orders
            return (orders, crowd)
        }
        try await Task.sleep(until: begin + .seconds(calm.seconds), clock: .continuous)
        do {
            try await injectedFault.begin()
            try await Task.sleep(until: begin + .seconds(calm.seconds + load.seconds), clock: .continuous)
        } catch {
            sending.cancel()
            try? await uncancelled { try await injectedFault.end() }
            throw error
        }
        try await injectedFault.end()
        let before = crowd.requests
        let orders: [Sample]
        (orders, crowd) = try await withTaskCancellationHandler {
            try await sending.value
        } onCancel: {
            sending.cancel()
        }
        let span = DrillExperiment.Span(begin: calm.seconds, end: calm.seconds + load.seconds)
        let recovered = OverloadJudge.normal(
            orders, in: .init(begin: span.end, end: span.end + after.seconds),
            within: Thresholds.admitted(usualP99))
        var findings: [Finding] = []
        if recovered.map({ $0 > Thresholds.afterOutage }) ?? true {
            findings = .doubtful([
                "normal again after \(recovered.map { "\($0) s" } ?? "the load had ended"), more than "
                    + "\(Thresholds.afterOutage.formattedWithoutZeros) s"
            ])
        }
        try await checkThatGoodsAreLeft(orders.count { $0.outcome == .refused })
        let (outcome, failures) = findings.conclusion(otherProcesses: otherProcesses.share)
        try await drain()
        return OverloadReport.Outage(
            dependency: name, offered: load.rate.rounded(places: 1), requests: crowd.requests - before,
            afterwards: after.rate.rounded(places: 1),
            recoveredSeconds: recovered, outcome: outcome, failures: failures,
            timeline: DrillExperiment.Second.timeline(orders), span: span)
    }

    private func shedder() async throws -> ShedderDocument? { try await stack.path().shedder }

    /// Empties the queues, so that a step doesn't carry the work of the one before.
    private func drain() async throws {
        try check()
        try await stack.reader().waitUntilDrained(.seconds(300), progress: show)
    }

    private func check() throws { if signals.count > 0 { throw ExperimentRunner.Interrupted() } }

    private static func difference(_ after: [String: Int]?, _ before: [String: Int]?) -> [String: Int] {
        (after ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value - (before?[$1.key] ?? 0) }
    }
}
