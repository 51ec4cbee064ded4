import Contracts

@testable import CommandLine

extension DrillReport {
    /// Two experiments and an overload on the protected stack, and with `compared` the same experiments on
    /// the naive one.
    static func sample(compared: Bool = false, failing: Bool = false) -> DrillReport {
        let protected = [
            DrillExperiment.sample("coupon-slow", "coupon answers 2 s late", .protected),
            DrillExperiment.sample(
                "payment-killed", "payment is killed (SIGKILL)", .protected, failing: failing),
        ]
        let roles: [(String, DependencyDocument.Role)] = [
            ("inventory", .critical), ("payment", .critical), ("coupon", .optional),
            ("notification", .optional),
        ]
        let dependencies = roles.map {
            DrillRun.Dependency(name: $0.0, role: $0.1, fallback: "none", effect: "none")
        }
        let naive = DrillRun(
            mode: .naive, dependencies: dependencies,
            experiments: [DrillExperiment.sample("coupon-slow", "coupon answers 2 s late", .naive)])
        return DrillReport(
            ok: !failing, extent: .quick, seed: 42, startedAt: Timestamp(milliseconds: 1_767_614_584_000),
            durationSeconds: 171,
            machine: "Linux x86_64, 2 cores",
            runs: (compared ? [naive] : [])
                + [
                    DrillRun(
                        mode: .protected, dependencies: dependencies, experiments: protected,
                        overload: compared ? nil : .sample
                    )
                ])
    }
}

extension DrillExperiment {
    /// 20 s healthy, 20 s with the fault, 10 s to recover.
    static func sample(_ name: String, _ fault: String, _ mode: DrillRun.Mode, failing: Bool = false)
        -> DrillExperiment
    {
        let timeline = (0..<50).map { second in
            let isBroken = (20..<40).contains(second)
            let isIsolated = isBroken && second >= 22
            // A jitter that is the same in every run.
            let wobble = Double(second * 7919 % 13)
            if isBroken, mode == .naive {
                return Second(
                    second: second, outcomes: Outcomes(confirmed: 9, failed: 41),
                    p50: 2004 + 140 * Double(second - 20),
                    p99: 4000 + 900 * Double(second - 20))
            }
            if isBroken, !isIsolated {
                return Second(
                    second: second, outcomes: Outcomes(confirmed: 40, accepted: 8, refused: 2), p50: 12,
                    p99: 431)
            }
            let isPayment = name.hasPrefix("payment") && isBroken
            return Second(
                second: second,
                outcomes: isPayment
                    ? Outcomes(accepted: failing ? 44 : 50, failed: failing ? 6 : 0)
                    : Outcomes(confirmed: 49 + second % 2),
                p50: 6 + wobble / 4, p99: 17 + wobble)
        }
        func figures(_ range: Range<Int>) -> Figures {
            let seconds = timeline[range]
            var figures = Figures()
            for second in seconds {
                figures.outcomes.confirmed += second.figures.outcomes.confirmed
                figures.outcomes.accepted += second.figures.outcomes.accepted
                figures.outcomes.refused += second.figures.outcomes.refused
                figures.outcomes.failed += second.figures.outcomes.failed
            }
            let latencies = seconds.compactMap(\.figures.latency)
            figures.answers = [
                "201 confirmed": figures.outcomes.confirmed, "202 accepted": figures.outcomes.accepted,
            ]
            figures.latency = Latency(
                p50: latencies.map(\.p50).max() ?? 0, p90: 0, p99: latencies.map(\.p99).max() ?? 0,
                max: latencies.map(\.max).max() ?? 0)
            return figures
        }
        let isFailing = failing || mode == .naive
        return DrillExperiment(
            name: name, targets: [String(name.prefix { $0 != "-" })],
            kind: String(name.drop { $0 != "-" }.dropFirst()),
            fault: fault,
            hypothesis:
                "every order is confirmed: the customer is charged without the coupon & refunded later",
            rate: 50, outcome: isFailing ? .failed : .held,
            failures: isFailing
                ? ["820 of 1,000 orders had no answer in time", "p99 was 9,700 ms, bound <1,050 ms>"] : [],
            proof: ["\(name.prefix { $0 != "-" }): connection refused"], faults: [Span(begin: 20, end: 40)],
            events: [
                Event(at: 20, what: "fault set"), Event(at: 20.4, what: "breaker open"),
                Event(at: 40, what: "rolled back"),
                Event(at: 41.5, what: "normal again"),
            ],
            timeline: timeline, healthy: figures(0..<20), broken: figures(20..<40),
            isolated: figures(23..<40),
            recovering: figures(40..<50), isolateSeconds: isFailing ? nil : 1.4, recoverSeconds: 1.5,
            degraded: ["coupon-skipped": 97, "coupon-estimated": 3], repaired: Repairs(due: 97, done: 97),
            reads: Reads(sent: 100, refused: 0, failed: 0),
            audit: DrillAudit(
                findings: (1...8).map { .init(name: "invariant \($0)", ok: true, violations: []) },
                drainedSeconds: 1.2,
                orders: 2480), durationSeconds: 62)
    }
}

extension DrillExperiment.Second {
    init(second: Int, outcomes: DrillExperiment.Outcomes, p50: Double, p99: Double) {
        self.init(
            second: second,
            figures: .init(
                outcomes: outcomes, answers: ["201 confirmed": outcomes.confirmed],
                latency: .init(p50: p50, p90: (p50 + p99) / 2, p99: p99, max: p99 * 1.1)),
            degraded: 0)
    }
}

extension OverloadReport {
    static var sample: OverloadReport {
        OverloadReport(
            capacity: 812, p99AtSeventyPercent: 48, refusalCost: 0.031,
            steps: [step(2, goodput: 781), step(5, goodput: 690), step(10, goodput: 548)])
    }

    /// Ten seconds of it, ten before and ten after.
    private static func step(_ factor: Double, goodput: Int) -> Step {
        let offered = 812 * factor
        let refused = Int(offered * 0.6) - goodput / 2
        let timeline = (0..<30).map { second in
            (10..<20).contains(second)
                ? DrillExperiment.Second(
                    second: second, outcomes: .init(confirmed: goodput, refused: refused), p50: 31, p99: 121)
                : DrillExperiment.Second(second: second, outcomes: .init(confirmed: 560), p50: 9, p99: 40)
        }
        return Step(
            factor: factor, offered: offered, ordersOffered: offered * 0.6, goodput: Double(goodput),
            bound: 812 * (1 - factor * 0.031) / (1 - 0.031), admittedP50: 30, admittedP99: 121,
            shed: ["sheddable": Int(900 * factor), "sheddable-plus": 410], admitted: ["critical-plus": 12000],
            settledSeconds: 0.2, recoveredSeconds: 1.1, outcome: .held, failures: [], timeline: timeline,
            span: .init(begin: 10, end: 20))
    }
}
