import Contracts
import Foundation
import StackView
import Transport

/// Whether the console made one incident of a fault: of the right cause and priority, in time, with the
/// impact that the orders show, and over in time.
struct IncidentCheck {
    /// Seconds from the fault.
    static let detection = 15.0
    /// Seconds from the recovery.
    static let resolution = 60.0
    /// Seconds in which the last count has to come.
    private static let counting: Duration = .seconds(30)

    let stack: DrillStack
    let experiment: Experiment
    /// When the first fault began, and when the last one was over.
    let span: (begin: Timestamp, end: Timestamp)

    /// What contradicts it.
    /// - Parameters:
    ///   - orders: those of the experiment's load.
    ///   - refused: how many of its requests for an order were answered 503; of some that isn't known.
    func findings(
        _ orders: [OrderDocument], refused: ClosedRange<Int>, progress: (String) -> Void
    ) async throws -> [Finding] {
        let limit = ContinuousClock.now + .seconds(Self.resolution) + Self.counting
        var incidents = try await Self.incidents(stack)
        while ContinuousClock.now < limit, incidents.isEmpty || !incidents.allSatisfy({ isDone($0, orders) })
        {
            progress("waiting for \(incidents.count) incidents to end")
            try await Task.sleep(for: .milliseconds(500))
            incidents = try await Self.incidents(stack)
        }
        try await review(incidents)
        return Self.judge(incidents, orders, refused: refused, experiment: experiment, span: span)
    }

    /// What contradicts that an overload is one incident of order.
    static func overload(_ report: OverloadReport, on stack: DrillStack) async throws -> [String] {
        let inSteps = report.steps.flatMap(\.timeline).reduce(0) { $0 + ($1.figures.answers["503"] ?? 0) }
        // What is sent to measure the capacity may be part of it.
        return overload(try await incidents(stack), refused: inSteps...max(inSteps, report.ordersRefused))
    }

    static func overload(_ incidents: [IncidentReport], refused: ClosedRange<Int>) -> [String] {
        let words = incidents.map { "\($0.priority) of \($0.cause) (\($0.title))" }
        guard incidents.count == 1, incidents[0].cause == "order", incidents[0].priority == "P1" else {
            return [
                "one incident P1 of order was expected, not "
                    + (words.isEmpty ? "none" : words.joined(separator: ", "))
            ]
        }
        return contradictions(incidents, refused)
    }

    private static func contradictions(_ incidents: [IncidentReport], _ refused: ClosedRange<Int>) -> [String]
    {
        let told = incidents.map(\.impact.ordersRefused).reduce(0, +)
        guard !refused.contains(told) else { return [] }
        let seen =
            refused.count == 1 ? "\(refused.lowerBound)" : "\(refused.lowerBound) to \(refused.upperBound)"
        return ["incidents tell of \(told) refused orders, customers saw \(seen)"]
    }

    private func isDone(_ incident: IncidentReport, _ orders: [OrderDocument]) -> Bool {
        incident.resolvedAt != nil && Self.impact(orders, incident.cause) == Counted(incident.impact)
    }

    static func judge(
        _ incidents: [IncidentReport], _ orders: [OrderDocument], refused: ClosedRange<Int>,
        experiment: Experiment, span: (begin: Timestamp, end: Timestamp)
    ) -> [Finding] {
        let causes = experiment.targets.sorted()
        guard incidents.map(\.cause).sorted() == causes else {
            let words = incidents.map { "\($0.cause) (\($0.title))" }.joined(separator: ", ")
            return .certain([
                "one incident of \(causes.joined(separator: ", ")) was expected, not "
                    + (words.isEmpty ? "none" : "\(incidents.count): \(words)")
            ])
        }
        return .certain(contradictions(incidents, refused))
            + incidents.flatMap { judge($0, orders, experiment, span) }
    }

    private static func judge(
        _ incident: IncidentReport, _ orders: [OrderDocument], _ experiment: Experiment,
        _ span: (begin: Timestamp, end: Timestamp)
    ) -> [Finding] {
        var wrong: [String] = []
        var late: [String] = []
        let isCritical = experiment.dependencies.first { $0.name == incident.cause }?.role == .critical
        let priority = isCritical ? "P1" : "P2"
        if incident.priority != priority { wrong.append("it is \(incident.priority), not \(priority)") }
        let detected = span.begin.seconds(to: incident.detectedAt)
        if detected > detection { late.append("detected after \(detected.rounded(places: 1)) s") }
        if let resolved = incident.resolvedAt {
            let seconds = span.end.seconds(to: resolved)
            if seconds > resolution { late.append("resolved after \(seconds.rounded(places: 1)) s") }
        } else {
            late.append("not resolved \(Int(resolution)) s after the recovery")
        }
        let counted = impact(orders, incident.cause)
        if counted != Counted(incident.impact) {
            wrong.append("its impact is \(Counted(incident.impact).words), the orders say \(counted.words)")
        }
        return .certain(wrong.map { "incident of \(incident.cause): \($0)" })
            + .doubtful(late.map { "incident of \(incident.cause): \($0)" })
    }

    /// What orders show and what an incident says, to be compared.
    private struct Counted: Equatable {
        var degraded = 0
        var delayed = 0
        var madeGood = 0
        var customers = 0
        var revenueDelayed: [String: Int] = [:]

        init() {}

        init(_ impact: IncidentReport.Impact) {
            degraded = impact.ordersDegraded
            delayed = impact.ordersDelayed
            madeGood = impact.ordersMadeGood
            customers = impact.customers
            revenueDelayed = impact.revenueDelayedByCurrency
        }

        var words: String {
            let money = revenueDelayed.sorted { $0.key < $1.key }.map { Terminal.money($0.value, $0.key) }
            return
                "\(degraded) orders of \(customers) customers, \(delayed) delayed, \(madeGood) made good"
                + money.map { ", \($0)" }.joined()
        }
    }

    private static func impact(_ orders: [OrderDocument], _ cause: String) -> Counted {
        var counted = Counted()
        var customers: Set<String> = []
        for order in orders where order.degradations.contains(where: { $0.dependency == cause }) {
            counted.degraded += 1
            customers.insert(order.customerId)
            if !order.owesRepair, order.status.isTerminal { counted.madeGood += 1 }
            let effects = order.degradations.filter { $0.dependency == cause }.map(\.effect)
            guard effects.contains(.paymentQueued) || effects.contains(.stockUnverified) else { continue }
            counted.delayed += 1
            counted.revenueDelayed[order.currency, default: 0] += order.total ?? 0
        }
        counted.customers = customers.count
        return counted
    }

    private static func incidents(_ stack: DrillStack) async throws -> [IncidentReport] {
        let page = try await console(stack).ask(
            "GET", "/api/incidents?limit=100", as: Page<IncidentReport>.self)
        return page.items.filter { $0.status != "reviewed" }
    }

    /// So that the next experiment's is another one.
    private func review(_ incidents: [IncidentReport]) async throws {
        for incident in incidents {
            for action in incident.resolvedAt == nil ? ["resolve", "review"] : ["review"] {
                _ = try await Self.console(stack).ask(
                    "POST", "/api/incidents/\(incident.id)/\(action)",
                    body: Array(try JSON.encode(IncidentRemark(by: "drill"))))
            }
        }
    }

    private static func console(_ stack: DrillStack) throws -> ServiceAPI {
        ServiceAPI(
            name: .console, url: try stack.service(.console).url, client: stack.client,
            adminToken: stack.launch.tokens.adminToken)
    }
}
