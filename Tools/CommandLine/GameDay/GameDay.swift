import Contracts
import Foundation
import StackView
import Transport

/// One game day: load, a fault at a time that only the seed knows, and the player's way out of it.
struct GameDay: Sendable {
    /// Seconds of orders as usual that count as recovered.
    private static let calm = 3.0
    /// How long the console has to end the incident after that.
    private static let closing: Duration = .seconds(60)

    let stack: DrillStack
    let seed: UInt64
    let within: Duration
    let limit: Duration
    let rate: Double
    let signals: StopSignals

    func play() async throws -> GameDayScore {
        var random = SeededGenerator(seed: seed)
        let experiments = Experiments.whole(try await stack.path())
        guard let experiment = experiments.randomElement(using: &random), let fault = fault(of: experiment)
        else { throw Failure("order declares no dependency") }
        let delay = Double.random(in: 10...max(10, within.seconds), using: &random)
        let customers = HTTPClient(maximumConnectionsPerHost: 256)
        defer { customers.shutdown() }
        let load = DrillLoad(
            orderURL: try stack.service(.order).url, client: customers,
            baskets: try Basket.read(from: "\(stack.seedFolder)/orders.jsonl"), rate: rate,
            reads: rate / 5, seed: seed, timeout: .seconds(5))
        let sending = Task { try await load.send() }
        defer { sending.cancel() }
        try await pause(.seconds(delay))
        var score = GameDayScore(seed: seed, startedAt: .now(), fault: experiment.fault)
        try await fault.begin()
        let begin = ContinuousClock.now
        while try await !isMended(fault) {
            guard begin.duration(to: .now) < limit else {
                try await fault.end()
                load.stop()
                return try await closed(score, sending)
            }
            try await pause(.milliseconds(500))
        }
        score.mendedSeconds = begin.duration(to: .now).seconds.rounded(places: 1)
        Terminal.note("Mended. Now orders have to be as usual, and the incident over: about half a minute.")
        while !load.isNormal(for: Self.calm), begin.duration(to: .now) < limit {
            try await pause(.milliseconds(200))
        }
        score.recoveredSeconds = begin.duration(to: .now).seconds.rounded(places: 1)
        load.stop()
        return try await closed(score, sending)
    }

    private func fault(of experiment: Experiment) -> InjectedFault? {
        guard case .broken(let dependencies, let kind) = experiment.disruption,
            let service = dependencies.first.flatMap({ ServiceName(rawValue: $0.name) })
        else { return nil }
        return InjectedFault(
            service: service, kind: kind, stack: stack, seed: seed, expiresAfter: limit.seconds + 60)
    }

    /// Whether the player has brought the service back and ended its faults.
    private func isMended(_ fault: InjectedFault) async throws -> Bool {
        let service = try stack.service(fault.service)
        guard await service.state(stack.client) == .ready else { return false }
        return try await stack.faults.status(service).faults.isEmpty
    }

    /// With what the console has recorded, once it is over there too.
    private func closed(
        _ score: GameDayScore, _ sending: Task<Tally.Counts, any Error>
    ) async throws -> GameDayScore {
        _ = try await sending.value
        var score = score
        let end = ContinuousClock.now + Self.closing
        var incident = try await incident(since: score.startedAt)
        while ContinuousClock.now < end, incident?.resolvedAt == nil {
            try await pause(.milliseconds(500))
            incident = try await self.incident(since: score.startedAt)
        }
        score.add(incident)
        guard let incident else { return score }
        // So that a later reader doesn't take it for a real one.
        let remark = IncidentRemark(
            text: "an exercise (csp gameday, seed \(seed)): \(score.fault); \(score.points) of 100 points",
            by: "gameday")
        _ = try await console().ask(
            "POST", "/api/incidents/\(incident.id)/note", body: Array(try JSON.encode(remark)))
        score.postmortem = String(
            decoding: try await console().ask("GET", "/api/incidents/\(incident.id)/postmortem.md"),
            as: UTF8.self)
        return score
    }

    private func incident(since start: Timestamp) async throws -> IncidentReport? {
        try await console().ask("GET", "/api/incidents?limit=20", as: Page<IncidentReport>.self).items
            .last { $0.detectedAt >= start }
    }

    private func console() throws -> ServiceAPI {
        ServiceAPI(
            name: .console, url: try stack.service(.console).url, client: stack.client,
            adminToken: stack.launch.tokens.adminToken)
    }

    private func pause(_ duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            if signals.count > 0 { throw ExperimentRunner.Interrupted() }
            await signals.wait(upTo: min(.milliseconds(200), end - .now))
        }
    }
}
