import Contracts

extension DrillExperiment {
    /// The figures of what was observed, with the outcome.
    init(_ experiment: Experiment, _ seen: Observation, rate: Double, durationSeconds: Double) {
        let judge = Judge(experiment: experiment, seen: seen)
        let obstacles = judge.obstacles
        let findings = obstacles.isEmpty ? judge.findings : []
        let (outcome, failures) =
            obstacles.isEmpty
            ? findings.conclusion(otherProcesses: seen.otherProcesses) : (.undecided, obstacles)
        let effects = seen.samples.flatMap(\.degradations).map(\.effect.rawValue)
        self.init(
            name: experiment.name, targets: experiment.targets, kind: experiment.kind,
            fault: experiment.fault,
            hypothesis: experiment.hypothesis, rate: rate,
            outcome: outcome, failures: failures,
            proof: seen.proof, faults: seen.rounds.map(\.fault), events: Event.all(seen),
            timeline: Second.timeline(seen.samples), healthy: Figures(seen.healthy),
            broken: Figures(seen.broken),
            isolated: Figures(seen.isolated), recovering: Figures(seen.recovering),
            isolateSeconds: judge.isolateSeconds,
            recoverSeconds: judge.recoverSeconds?.rounded(places: 2),
            degraded: Dictionary(effects.map { ($0, 1) }, uniquingKeysWith: +), repaired: seen.repaired,
            reads: seen.reads,
            traffic: seen.traffic, finishing: seen.finishing, audit: seen.audit,
            durationSeconds: durationSeconds,
            otherProcesses: seen.otherProcesses, isInDoubt: !obstacles.isEmpty || findings.areDoubtful)
    }
}

extension DrillExperiment.Event {
    fileprivate static func all(_ seen: Observation) -> [Self] {
        var events = seen.breakers.map { Self(at: $0.at, what: "breaker of \($0.dependency) \($0.state)") }
        for round in seen.rounds {
            events.append(Self(at: round.fault.begin, what: "fault begins"))
            events.append(Self(at: round.fault.end, what: "rollback begins"))
            events.append(Self(at: round.back, what: "service is back"))
        }
        return events.sorted { $0.at < $1.at }
    }
}
