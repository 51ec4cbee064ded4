import Contracts
import Foundation
import Transport

/// Measures what the stack can do and what a refusal costs, and then asks for several times as much.
struct RunOverload {
    /// Customers in turn, so many at once: more of them as long as that serves more orders.
    private static let crowds = [16, 32, 64, 128]
    /// What is worth a larger crowd.
    private static let gain = 1.05
    /// Of the requests of a step, those that matter less.
    private static let quotes = 0.2

    /// Seconds of an outage under load, the load as a multiple of the capacity, and afterwards.
    static let outage = 30.0
    static let outageLoad = 2.0
    private static let afterwards = 0.8
    /// How often their customers ask.
    private static let tries = 4
    /// Seconds that are looked at then.
    private static let aftermath = 20.0

    let stack: DrillStack
    let baskets: [Basket]
    /// Of one step.
    let seconds: Double
    let signals: StopSignals
    let show: @Sendable (String) -> Void

    func run(_ experiments: [Experiment], known: inout Set<String>) async throws -> OverloadReport {
        var crowd = try Crowd(orderURL: stack.service(.order).url, baskets: baskets)
        let (capacity, orderCost) = try await capacity(&crowd)
        let refusalCost = try await refusal(&crowd) / orderCost
        // Long enough for a p99.
        let rest = Crowd.Phase(seconds: max(seconds, Pace.sample / (0.7 * capacity)), rate: 0.7 * capacity)
        show("0.7 times the capacity of \(Int(capacity)) orders/s")
        let usual = try await crowd.send([rest])
        let usualP99 = DrillExperiment.Latency(usual.orders)?.p99 ?? 0
        var steps: [OverloadReport.Step] = []
        for factor in experiments.compactMap(\.overload) {
            try check()
            show("\(factor.formattedWithoutZeros) times the capacity of \(Int(capacity)) orders/s")
            steps.append(try await step(factor, capacity, refusalCost, usualP99, &crowd))
        }
        var outage: OverloadReport.Outage?
        for name in experiments.compactMap(\.outage) {
            outage = try await self.outage(of: name, capacity, usualP99, &crowd)
        }
        let (audit, _) = try await DrillAudit.take(
            stack.reader(), history: nil, known: &known, wait: .seconds(60), progress: show)
        return OverloadReport(
            capacity: capacity.rounded(places: 1), p99AtSeventyPercent: usualP99, refusalCost: refusalCost.rounded(places: 4),
            steps: steps, outage: outage, audit: audit)
    }

    /// Orders a second, at most, and the processor time that one takes then, until the last message is delivered: what was put off has
    /// to be done as well.
    private func capacity(_ crowd: inout Crowd) async throws -> (Double, Double) {
        var best = (0.0, 0.0)
        _ = try await crowd.inTurn(Self.crowds[0], for: 1)
        for customers in Self.crowds {
            show("measuring the capacity with \(customers) customers")
            try await drain()
            let before = try CPUTime.used(by: stack.folder.record())
            let begin = ContinuousClock.now
            let samples = try await crowd.inTurn(customers, for: seconds)
            try await drain()
            let elapsed = (ContinuousClock.now - begin).seconds
            let taken = Double(samples.count(where: \.isTaken))
            guard taken > 0 else { throw Failure("the stack takes no orders") }
            guard taken / elapsed > best.0 * Self.gain else { break }
            best = (taken / elapsed, (try CPUTime.used(by: stack.folder.record()) - before) / taken)
        }
        return best
    }

    /// The processor time that one takes.
    private func refusal(_ crowd: inout Crowd) async throws -> Double {
        show("measuring what a refusal costs")
        let before = try CPUTime.used(by: stack.folder.record())
        let count = try await crowd.refused(at: 4000, for: 2)
        guard count > 0 else { throw Failure("orders whose deadline has passed aren't refused") }
        return (try CPUTime.used(by: stack.folder.record()) - before) / Double(count)
    }

    private func step(
        _ factor: Double, _ capacity: Double, _ refusalCost: Double, _ usualP99: Double, _ crowd: inout Crowd
    ) async throws -> OverloadReport.Step {
        let calm = Crowd.Phase(seconds: 2, rate: 0.7 * capacity)
        let load = Crowd.Phase(seconds: seconds, rate: factor * capacity, quotes: Self.quotes)
        let after = Crowd.Phase(seconds: 4, rate: 0.7 * capacity)
        let before = try await shedder()
        let (orders, quotes) = try await crowd.send([calm, load, after])
        let counted = try await shedder()
        let span = DrillExperiment.Span(begin: calm.seconds, end: calm.seconds + load.seconds)
        let judge = OverloadJudge(
            factor: factor, capacity: capacity, refusalCost: refusalCost, usualP99: usualP99, orders: orders, quotes: quotes,
            span: span, end: span.end + after.seconds)
        let failures = judge.failures
        try await drain()
        return OverloadReport.Step(
            factor: factor, offered: load.rate.rounded(places: 1),
            ordersOffered: (load.rate * (1 - load.quotes)).rounded(places: 1), goodput: judge.goodput.rounded(places: 1),
            bound: judge.bound.rounded(places: 1), admittedP50: judge.admitted?.p50, admittedP99: judge.admitted?.p99,
            shed: Self.difference(counted?.shed, before?.shed), admitted: Self.difference(counted?.admitted, before?.admitted),
            settledSeconds: judge.settledSeconds, recoveredSeconds: judge.recoveredSeconds,
            verdict: failures.isEmpty ? .held : .failed, failures: failures,
            timeline: DrillExperiment.Second.timeline(orders), span: span)
    }

    /// A dependency is frozen under too much load, by customers who ask again; what is left of it when both are over?
    private func outage(of name: String, _ capacity: Double, _ usualP99: Double, _ crowd: inout Crowd) async throws
        -> OverloadReport.Outage
    {
        try check()
        show("\(name) frozen under \(Self.outageLoad.formattedWithoutZeros) times the capacity of \(Int(capacity)) orders/s")
        let calm = Crowd.Phase(seconds: 2, rate: Self.afterwards * capacity)
        let load = Crowd.Phase(seconds: Self.outage, rate: Self.outageLoad * capacity)
        let after = Crowd.Phase(seconds: Self.aftermath, rate: Self.afterwards * capacity)
        guard let service = ServiceName(rawValue: name) else { throw Failure("\(name) is no service of this stack") }
        let breakage = Breakage(
            service: service, kind: .frozen, stack: stack, seed: 0, expiresAfter: calm.seconds + load.seconds + after.seconds)
        let begin = ContinuousClock.now
        let sending = Task { [crowd] in
            var crowd = crowd
            let orders = try await crowd.send([calm, load, after], tries: Self.tries).orders
            return (orders, crowd)
        }
        try await Task.sleep(until: begin + .seconds(calm.seconds), clock: .continuous)
        do {
            try await breakage.begin()
            try await Task.sleep(until: begin + .seconds(calm.seconds + load.seconds), clock: .continuous)
        } catch {
            try? await breakage.end()
            sending.cancel()
            throw error
        }
        try await breakage.end()
        let before = crowd.requests
        let orders: [Sample]
        (orders, crowd) = try await sending.value
        let span = DrillExperiment.Span(begin: calm.seconds, end: calm.seconds + load.seconds)
        let recovered = OverloadJudge.normal(
            orders, in: .init(begin: span.end, end: span.end + after.seconds), within: Bounds.admitted(usualP99))
        var failures: [String] = []
        if recovered.map({ $0 > Bounds.afterOutage }) ?? true {
            failures.append(
                "normal again after \(recovered.map { "\($0) s" } ?? "the load had ended"), more than "
                    + "\(Bounds.afterOutage.formattedWithoutZeros) s")
        }
        try await drain()
        return OverloadReport.Outage(
            dependency: name, offered: load.rate.rounded(places: 1), requests: crowd.requests - before,
            afterwards: after.rate.rounded(places: 1),
            recoveredSeconds: recovered, verdict: failures.isEmpty ? .held : .failed, failures: failures,
            timeline: DrillExperiment.Second.timeline(orders), span: span)
    }

    private func shedder() async throws -> ShedderDocument? { try await stack.path().shedder }

    /// What one step leaves undone is not for the next one to pay for.
    private func drain() async throws {
        try check()
        try await stack.reader().waitUntilDrained(.seconds(300), progress: show)
    }

    private func check() throws { if signals.count > 0 { throw Conduct.Interrupted() } }

    private static func difference(_ after: [String: Int]?, _ before: [String: Int]?) -> [String: Int] {
        (after ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value - (before?[$1.key] ?? 0) }
    }
}
