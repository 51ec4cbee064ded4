import Contracts
import StackView

extension ExperimentRunner {
    /// Like ``round(_:_:_:_:)``, and measures throughput before and during the fault.
    func round(
        _ fault: PartialFault, of experiment: Experiment, _ load: DrillLoad, _ watch: BreakerWatch,
        _ seen: inout Observation
    ) async throws {
        let broken = schedule.broken(fault)
        let injected = InjectedPartialFault(
            fault: fault, stack: stack, seed: seed,
            expiresAfter: (schedule.healthy(fault) + broken + 60).rounded(.up))
        let spans: (healthy: DrillExperiment.Span, fault: DrillExperiment.Span, inPlace: Double)
        do {
            try await injected.prepare()
            spans = try await stretches(fault, injected, load, broken: broken, &seen)
            seen.proof += try await injected.proof()
        } catch {
            try? await uncancelled { try await injected.end() }
            throw error
        }
        try await injected.end()
        let back = load.now
        try await recover(experiment, load, watch, since: back)
        seen.rounds.append(
            .init(
                healthy: spans.healthy, fault: spans.fault, back: back, end: load.now, inPlace: spans.inPlace)
        )
    }

    private func stretches(
        _ fault: PartialFault, _ injected: InjectedPartialFault, _ load: DrillLoad, broken: Double,
        _ seen: inout Observation
    ) async throws -> (healthy: DrillExperiment.Span, fault: DrillExperiment.Span, inPlace: Double) {
        let start = try await throughput(fault, load)
        let healthy = load.now
        try await pause(schedule.healthy(fault), "healthy", load)
        let before = try await throughput(fault, load)
        let begin = load.now
        try await injected.begin()
        let inPlace = load.now
        let begun = try await throughput(fault, load)
        try await pause(broken * 2 / 3, fault.words, load)
        let late = try await throughput(fault, load)
        try await pause(broken / 3, fault.words, load)
        let end = load.now
        let ended = try await throughput(fault, load)
        seen.traffic = fault.goesOn.map { operation in
            DrillExperiment.Traffic(
                operation: operation.id, healthy: before.perSecond(operation, since: start),
                broken: ended.perSecond(operation, since: begun), count: before.count(operation, since: start)
            )
        }
        seen.finishing = DrillExperiment.Finishing(
            load.samples, from: late, to: ended, backlog: begun.backlog)
        return (.init(begin: healthy, end: begin), .init(begin: begin, end: end), inPlace)
    }

    private func throughput(_ fault: PartialFault, _ load: DrillLoad) async throws -> Throughput {
        let reader = try stack.reader()
        let now = load.now
        return try await Throughput.read(reader, fault.goesOn, at: now)
    }

    func sideTraffic(_ fault: PartialFault) async throws -> SideTraffic {
        let coupons: [Coupon] = fault.needsRefunds ? try await stack.reader().all(.coupon, "/coupons") : []
        return SideTraffic(
            fault, client: customers, orderURL: try stack.service(.order).url,
            inventoryURL: try stack.service(.inventory).url, adminToken: stack.launch.tokens.adminToken,
            baskets: .init(baskets, coupons: coupons))
    }
}

extension ArrivalSchedule {
    /// Seconds of the healthy stretch before a partial fault; a brownout isn't compared with it.
    func healthy(_ fault: PartialFault) -> Double {
        fault.group == .brownout ? min(stretch * 0.3, 3) : min(stretch, 6)
    }

    /// Seconds of a partial fault; a brownout's last third has to be long enough to measure finished orders.
    func broken(_ fault: PartialFault) -> Double {
        fault.group == .brownout ? min(stretch + 3, 12) : min(stretch + 1, 10)
    }
}
