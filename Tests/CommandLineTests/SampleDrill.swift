import Contracts

@testable import CommandLine

/// Sample dependencies and observations.
enum SampleDrill {
    static func dependency(
        _ name: String, _ role: DependencyDocument.Role, criticality: String = "sheddable-plus",
        control: String = "automatic",
        limit: Int = 64,
        policies: [String: Double] = ["timeoutMilliseconds": 200, "attemptTimeoutMilliseconds": 200]
    ) -> DependencyDocument {
        DependencyDocument(
            name: name, role: role, criticality: criticality, operations: [], fallback: "none",
            effect: "\(name) later",
            policies: policies,
            state: .init(
                breaker: .init(
                    state: "closed", control: control, reason: "", calls: 0, failures: 0, slowCalls: 0,
                    retryAfterMilliseconds: nil),
                bulkhead: .init(inUse: 0, limit: limit, waiting: 0), calls: [:], lastFailure: nil))
    }

    static let inventory = dependency("inventory", .critical, criticality: "critical-plus")
    static let payment = dependency("payment", .critical, criticality: "critical-plus")
    static let coupon = dependency("coupon", .optional)
    static let notification = dependency("notification", .optional, criticality: "sheddable")

    static let path = PathDocument(
        service: "order", dependencies: [inventory, payment, coupon, notification])

    /// Fifty orders a second from 0 to 24 s, 10 ms each: healthy for 8 s, a fault for 8 s, and 8 s of
    /// recovery.
    static func observation(_ change: (inout Sample) -> Void = { _ in }) -> Observation {
        var seen = Observation()
        seen.rounds = [
            .init(healthy: .init(begin: 0, end: 8), fault: .init(begin: 8, end: 16), back: 16, end: 24)
        ]
        seen.samples = (0..<1200).map { index in
            var sample = Sample(
                at: Double(index) / 50, latency: 10, outcome: .confirmed, answer: "201 confirmed")
            change(&sample)
            return sample
        }
        return seen
    }

    static func skipped(_ dependency: String = "coupon") -> Degradation {
        Degradation(
            dependency: dependency, effect: .couponSkipped, source: .none, reason: "circuit-open",
            repair: .refundLater)
    }

    static func judge(_ dependencies: [DependencyDocument], _ kind: DrillFault, _ seen: Observation) -> Judge
    {
        Judge(experiment: Experiment(disruption: .broken(dependencies, kind)), seen: seen)
    }
}

extension Sample {
    /// Whether it was sent during the fault of ``SampleDrill/observation(_:)`` was there.
    var isBroken: Bool { (8..<16).contains(at) }
}
