import Contracts
import Foundation
import StackView
import Transport

/// A whole drill: chooses the experiments, finds or starts their stacks, and collects the results.
struct RunDrill: Sendable {
    let folder: StackFolder
    let only: [String]
    let extent: DrillReport.Extent
    let isComparing: Bool
    /// Whether the console's incidents are checked as well.
    let checksIncidents: Bool
    let schedule: ArrivalSchedule
    let seed: UInt64
    let signals: StopSignals

    func callAsFunction() async throws -> DrillReport {
        let startedAt = Timestamp.now()
        let begin = ContinuousClock.now
        await OwnStack.stopAbandoned()
        let given = try given()
        if let given { try DrillNote.write(to: given) }
        defer { if let given { DrillNote.remove(from: given) } }
        var runs: [DrillRun] = []
        for mode in isComparing ? [DrillRun.Mode.naive, .protected] : [.protected] {
            runs.append(try await run(mode))
        }
        let outcomes = runs.filter { $0.mode == .protected }.flatMap(\.outcomes)
        let failed = outcomes.filter { $0.outcome == .failed }.map(\.name)
        return DrillReport(
            ok: failed.isEmpty, failed: failed,
            undecided: outcomes.filter { $0.outcome == .undecided }.map(\.name),
            extent: extent, seed: seed, startedAt: startedAt,
            durationSeconds: (ContinuousClock.now - begin).seconds.rounded(places: 1), machine: Self.machine,
            runs: runs)
    }

    /// The experiments that would be run.
    func experiments() async throws -> [Experiment] { try await onStack(.protected) { try await chosen($0) } }

    private func chosen(_ stack: DrillStack) async throws -> [Experiment] {
        let path = try await stack.path()
        let all = Experiments.all(path)
        if checksIncidents, only.isEmpty { return Experiments.incidents(path) }
        if isComparing { return try Experiments.chosen(only.isEmpty ? Experiments.telling : only, from: all) }
        return try Experiments.chosen(
            only, from: extent == .quick && only.isEmpty ? Experiments.quick(path) : all)
    }

    private func run(_ mode: DrillRun.Mode) async throws -> DrillRun {
        let (path, experiments) = try await onStack(mode) { stack in
            try await stack.check()
            return (try await stack.path(), try await chosen(stack))
        }
        var random = SeededGenerator(seed: seed)
        var known: Set<String> = []
        if let given = try given() {
            let client = HTTPClient(maximumBodyBytes: 64 << 20)
            defer { client.shutdown() }
            let stack = try DrillStack(folder: given, client: client)
            _ = try await DrillAudit.take(stack.reader(), history: nil, known: &known, wait: .seconds(60)) {
                _ in
            }
        }
        var found: [String: DrillExperiment] = [:]
        let breaking = experiments.filter { !$0.isOverload }
        let line = LiveLine()
        for (index, experiment) in breaking.shuffled(using: &random).enumerated() {
            let seed = random.next()
            let result = try await settled { number in
                var found = try await onStack(mode, settings: experiment.settings) { stack in
                    try await conduct(experiment, on: stack, seed: seed, &known) {
                        let again = number > 1 ? ", again" : ""
                        line.show("\(index + 1) of \(breaking.count)  \(experiment.name)\(again): \($0)")
                    }
                }
                // An unprotected stack is expected to be slow.
                if mode == .naive { found.isInDoubt = false }
                return found
            }
            line.finish()
            let failure = result.failures.first.map { ": \($0)" } ?? ""
            Terminal.note(
                """
                \(Terminal.column(experiment.name, 42))\(result.outcome.rawValue) after \
                \(result.durationSeconds) s\(failure)
                """)
            found[experiment.name] = result
        }
        let overloads = experiments.filter(\.isOverload)
        let overload =
            overloads.isEmpty
            ? nil : try await onStack(mode) { try await self.overload(overloads, on: $0, &known, line) }
        return DrillRun(
            mode: mode,
            dependencies: path.dependencies.map {
                .init(name: $0.name, role: $0.role, fallback: $0.fallback, effect: $0.effect)
            },
            experiments: breaking.compactMap { found[$0.name] }, overload: overload)
    }

    private func overload(
        _ experiments: [Experiment], on stack: DrillStack, _ known: inout Set<String>, _ line: LiveLine
    ) async throws -> OverloadReport {
        defer { line.finish() }
        var report = try await RunOverload(
            stack: stack, baskets: try Basket.read(from: "\(stack.seedFolder)/orders.jsonl"),
            seconds: schedule.overload,
            signals: signals
        ) { text in
            line.show("overload: \(text)")
        }.run(experiments, known: &known)
        if checksIncidents {
            let violations = try await IncidentCheck.overload(report, on: stack)
            report.audit?.findings.append(
                .init(name: "incidents", ok: violations.isEmpty, violations: violations))
        }
        return report
    }

    private func conduct(
        _ experiment: Experiment, on stack: DrillStack, seed: UInt64, _ known: inout Set<String>,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> DrillExperiment {
        let customers = HTTPClient(maximumConnectionsPerHost: 256)
        defer { customers.shutdown() }
        let runner = ExperimentRunner(
            stack: stack, customers: customers,
            baskets: try Basket.read(from: "\(stack.seedFolder)/orders.jsonl"), schedule: schedule,
            seed: seed, signals: signals, checksIncidents: checksIncidents, show: show)
        do {
            let result = try await runner.run(experiment, known: &known)
            try await stack.restore()
            return result
        } catch {
            try? await uncancelled { try await stack.restore() }
            throw error
        }
    }

    /// Runs `body` on the user's stack, or else on a new one, so that no experiment affects another.
    private func onStack<Result>(
        _ mode: DrillRun.Mode, settings: [String: String] = [:], _ body: (DrillStack) async throws -> Result
    ) async throws -> Result {
        let client = HTTPClient(maximumBodyBytes: 64 << 20)
        defer { client.shutdown() }
        if let folder = try given() { return try await body(DrillStack(folder: folder, client: client)) }
        let own = try await OwnStack.start(mode, settings: settings, client, signals)
        do {
            let result = try await body(own.stack)
            await own.stop { signals.count > 0 }
            return result
        } catch {
            try? await uncancelled { await own.stop { signals.count > 0 } }
            throw error
        }
    }

    /// The user's own stack, where one is running. A comparison needs two of its own.
    private func given() throws -> StackFolder? {
        guard !isComparing, let record = try folder.recordIfAny(),
            record.services.contains(where: \.process.isAlive)
        else {
            return nil
        }
        return folder
    }

    private static var machine: String {
        #if arch(x86_64)
            let architecture = "x86_64"
        #else
            let architecture = "arm64"
        #endif
        return "\(ProcessInfo.processInfo.operatingSystemVersionString) \(architecture), "
            + "\(ProcessInfo.processInfo.activeProcessorCount) cores"
    }
}
