import Contracts

extension DrillAudit {
    /// Name of the finding that the queues weren't empty in time.
    static let drained = "drained"

    /// Waits until nothing is under way, then checks all invariants.
    ///
    /// - Parameters:
    ///   - history: what the clients saw.
    ///   - known: violations of earlier audits, which are not reported again; new ones are added.
    /// - Returns: the audit, and the orders it read.
    static func take(
        _ reader: StackReader, history: History?, known: inout Set<String>, wait: Duration,
        progress: (String) -> Void
    ) async throws -> (audit: DrillAudit, orders: [OrderDocument]) {
        let begin = ContinuousClock.now
        do {
            try await reader.waitUntilDrained(wait, progress: progress)
        } catch let failure as Failure {
            let finding = Finding(name: Self.drained, ok: false, violations: [failure.message])
            return (DrillAudit(findings: [finding], drainedSeconds: wait.seconds, orders: 0), [])
        }
        let drained = (ContinuousClock.now - begin).seconds.rounded(places: 1)
        let snapshot = try await reader.snapshot(progress: progress)
        var claims = snapshot.invariants.map { ($0.name, $0.violations) }
        claims +=
            history?.report(snapshot.orders).judgements.map { ("\($0.name): \($0.meaning)", $0.violations) }
            ?? []
        var findings: [Finding] = []
        for (name, violations) in claims {
            let new = violations.map { "\($0.id) \($0.detail)" }.filter { !known.contains("\(name) \($0)") }
            known.formUnion(new.map { "\(name) \($0)" })
            findings.append(Finding(name: name, ok: new.isEmpty, violations: Array(new.prefix(10))))
        }
        return (
            DrillAudit(findings: findings, drainedSeconds: drained, orders: snapshot.orders.count),
            snapshot.orders
        )
    }
}

extension DrillExperiment.Repairs {
    /// Counts the repairs of one load's orders.
    init(_ orders: [OrderDocument], run: String) {
        let repairs = orders.filter { $0.customerId.hasPrefix("load-\(run)-") }.flatMap(\.degradations)
            .filter { $0.repair != .none }
        self.init(due: repairs.count, done: repairs.count(where: \.repaired))
    }
}
