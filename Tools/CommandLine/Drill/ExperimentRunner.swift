import Contracts
import Foundation
import StackView
import Transport

/// Carries out one experiment under load: steady state → fault → proof → rollback → recovery → audit. The
/// rollback happens whatever else fails.
struct ExperimentRunner {
    /// Seconds that all has to be normal to count as recovered.
    private static let calm = 1.0
    /// Seconds of load after the recovery, in which late effects show.
    private static let aftermath = 3.0

    struct Interrupted: Error {}

    let stack: DrillStack
    /// For the customers alone, so that the drill's own requests don't wait for theirs.
    let customers: HTTPClient
    let baskets: [Basket]
    let schedule: ArrivalSchedule
    let seed: UInt64
    let signals: StopSignals
    /// Whether the console's incidents are checked as well.
    var checksIncidents = false
    /// Receives the progress as text.
    let show: @Sendable (String) -> Void

    /// - Parameter known: findings of earlier audits; new ones are added.
    func run(_ experiment: Experiment, known: inout Set<String>) async throws -> DrillExperiment {
        let begin = ContinuousClock.now
        var seen = Observation()
        let rate = experiment.partial?.rate ?? schedule.rate
        let load = DrillLoad(
            orderURL: try stack.service(.order).url, client: customers, baskets: baskets, rate: rate,
            reads: experiment.partial?.reads ?? rate / 5,
            quoted: experiment.partial == nil ? nil : baskets.withMoreCoupons, seed: seed,
            timeout: experiment.disruption == .orderKilled ? .seconds(15) : .seconds(5))
        var side: SideTraffic?
        if let fault = experiment.partial { side = try await sideTraffic(fault) }
        let watch = BreakerWatch()
        let otherProcesses = OtherProcesses()
        seen.unprotected = try await unprotected(experiment)
        let watching = Task { [stack] in await watch.run(stack) { load.now } }
        let sending = Task { try await load.send() }
        let beside = Task { [side] in try await side?.send() }
        let looking = Task { [stack] in await otherProcesses.run(beside: stack) }
        defer {
            watching.cancel()
            looking.cancel()
        }
        do {
            try await settle(load)
            for _ in 0..<rounds(experiment) {
                if let fault = experiment.partial {
                    try await round(fault, of: experiment, load, watch, &seen)
                } else {
                    try await round(experiment, load, watch, &seen)
                }
            }
        } catch let obstacle as Failure {
            seen.obstacles.append(obstacle.message)
        } catch {
            sending.cancel()
            beside.cancel()
            throw error
        }
        load.stop()
        side?.stop()
        show("waiting for the last orders")
        let counts = try await withTaskCancellationHandler {
            let counts = try await sending.value
            try await beside.value
            return counts
        } onCancel: {
            sending.cancel()
            beside.cancel()
        }
        seen.samples = load.samples.sorted { $0.at < $1.at }
        seen.breakers = watch.sightings
        seen.reads = load.readCounts
        seen.otherProcesses = otherProcesses.share
        seen.unended = Array((counts.unexpected + unheard(experiment, load.history)).prefix(5))
        if signals.count > 0 { throw Interrupted() }
        let (audit, orders) = try await DrillAudit.take(
            stack.reader(), history: load.history, known: &known, wait: .seconds(60), progress: show)
        seen.audit = audit
        seen.repaired = .init(orders, run: load.run)
        if checksIncidents, let begin = seen.faultAt, let end = seen.backAt {
            let asked = load.history.operations.flatMap(\.attempts).filter { $0.call == .place }
            let refused = asked.count { $0.status == 503 }
            let check = IncidentCheck(stack: stack, experiment: experiment, span: (begin, end))
            seen.incidents = try await check.findings(
                orders.filter { $0.customerId.hasPrefix("load-\(load.run)-") },
                refused: refused...(refused + asked.count { $0.status == nil }), progress: show)
        }
        return DrillExperiment(
            experiment, seen, rate: rate,
            durationSeconds: (ContinuousClock.now - begin).seconds.rounded(places: 1))
    }

    /// Customers of a killed order service who never learned the outcome of their order.
    private func unheard(_ experiment: Experiment, _ history: History) -> [String] {
        guard experiment.disruption == .orderKilled else { return [] }
        return history.operations.filter(\.isUnseen).map {
            "\($0.key): \($0.attempts.last?.words ?? "never sent")"
        }
    }

    private func rounds(_ experiment: Experiment) -> Int {
        let isOff = !experiment.dependencies.isEmpty && experiment.dependencies.allSatisfy(\.isOffThePath)
        return isOff ? schedule.rounds : 1
    }

    private func unprotected(_ experiment: Experiment) async throws -> [String] {
        let names = Set(experiment.dependencies.map(\.name))
        return try await stack.path().dependencies.filter { names.contains($0.name) }.flatMap(\.unprotected)
    }

    /// Waits until orders are confirmed.
    private func settle(_ load: DrillLoad) async throws {
        let limit = ContinuousClock.now + .seconds(20)
        while !load.isNormal(for: Self.calm) {
            guard ContinuousClock.now < limit else {
                let odd = load.samples.filter { !$0.isNormal }
                throw Failure(
                    "not healthy before the fault: \(odd.count) of \(load.samples.count) orders not as usual")
            }
            try await pause(0.1, "waiting for a steady state", load)
        }
    }

    private func round(
        _ experiment: Experiment, _ load: DrillLoad, _ watch: BreakerWatch, _ seen: inout Observation
    ) async throws {
        let healthy = load.now
        try await pause(schedule.stretch, "healthy", load)
        let before = try await met(experiment)
        let injectedFaults = try injectedFaults(experiment)
        let begin = load.now
        seen.faultAt = seen.faultAt ?? .now()
        var end = begin
        var inPlace = begin
        do {
            for injectedFault in injectedFaults { try await injectedFault.begin() }
            inPlace = load.now
            for injectedFault in injectedFaults { seen.proof.append(try await injectedFault.proof()) }
            let left = broken(experiment) - (load.now - begin)
            try await pause(left, experiment.fault, load)
            if !injectedFaults.isEmpty, experiment.disruption != .orderKilled,
                try await met(experiment) <= before
            {
                seen.obstacles.append("no call of order met the fault")
            }
            end = load.now
        } catch {
            try? await uncancelled { for injectedFault in injectedFaults { try? await injectedFault.end() } }
            throw error
        }
        for injectedFault in injectedFaults { try await injectedFault.end() }
        let back = load.now
        seen.backAt = .now()
        try await recover(experiment, load, watch, since: back)
        seen.rounds.append(
            .init(
                healthy: .init(begin: healthy, end: begin), fault: .init(begin: begin, end: end), back: back,
                end: load.now,
                inPlace: inPlace))
    }

    /// A killed order service stays down only until its customers notice.
    private func broken(_ experiment: Experiment) -> Double {
        experiment.disruption == .orderKilled ? 1 : Thresholds.isolation + schedule.stretch
    }

    /// Runs until all is normal, and a while longer; gives up some time after the threshold.
    func recover(_ experiment: Experiment, _ load: DrillLoad, _ watch: BreakerWatch, since back: Double)
        async throws
    {
        while load.now < back + Thresholds.recovery + 5 {
            try await pause(0.1, "recovering", load)
            let isNormal = load.now > back + Self.calm && load.isNormal(for: Self.calm)
            if isNormal, watch.areClosed(experiment.dependencies.map(\.name)),
                load.now > back + Self.aftermath
            {
                return
            }
        }
    }

    /// Calls of order to the experiment's targets that failed or are still waiting.
    private func met(_ experiment: Experiment) async throws -> Int {
        let names = Set(experiment.dependencies.map(\.name))
        return try await stack.path().dependencies.filter { names.contains($0.name) }.reduce(0) {
            sum, dependency in
            let calls = dependency.state.calls
            return sum + (calls["unavailable"] ?? 0) + (calls["rejected"] ?? 0)
                + dependency.state.bulkhead.inUse
        }
    }

    private func injectedFaults(_ experiment: Experiment) throws -> [InjectedFault] {
        let kind: DrillFault
        if case .broken(_, let broken) = experiment.disruption { kind = broken } else { kind = .killed }
        return try experiment.targets.map { name in
            guard let service = ServiceName(rawValue: name) else {
                throw Failure("order depends on \(name), which is no service of this stack")
            }
            return InjectedFault(
                service: service, kind: kind, stack: stack, seed: seed,
                expiresAfter: (broken(experiment) + 60).rounded(.up))
        }
    }

    func pause(_ seconds: Double, _ what: String, _ load: DrillLoad) async throws {
        let limit = ContinuousClock.now + .seconds(max(0, seconds))
        while true {
            if signals.count > 0 { throw Interrupted() }
            let samples = load.samples
            show("\(what): \(samples.count) orders, \(samples.count { !$0.isNormal }) not as usual")
            let left = limit - .now
            guard left > .zero else { return }
            await signals.wait(upTo: min(left, .milliseconds(200)))
        }
    }
}
