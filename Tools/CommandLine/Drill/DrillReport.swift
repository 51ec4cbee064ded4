import Contracts

/// The result of a drill: the content of `report.json` and the source of `report.html`.
///
/// Offsets are seconds since the experiment's load began. Latencies are milliseconds from an order's
/// scheduled time to its first answer.
struct DrillReport: Codable, Equatable {
    enum Extent: String, Codable { case quick, full }

    /// No hypothesis of the protected stack failed; some may be undecided.
    var ok: Bool
    /// The failed experiments of the protected stack, by name.
    var failed: [String] = []
    var undecided: [String] = []
    var extent: Extent
    var seed: UInt64
    var startedAt: Timestamp
    var durationSeconds: Double
    /// `Linux x86_64, 2 cores`
    var machine: String
    /// One; with `--compare` two with the same experiments, the naive stack's first.
    var runs: [DrillRun]
}

/// The experiments on one stack.
struct DrillRun: Codable, Equatable {
    enum Mode: String, Codable {
        /// With all protections on.
        case protected
        /// `CSP_MODE=naive`: no breaker, bulkhead, fallback or shedder, and timeouts of 30 s.
        case naive
    }

    struct Dependency: Codable, Equatable {
        var name: String
        var role: DependencyDocument.Role
        var fallback: String
        var effect: String
    }

    var mode: Mode
    /// The dependencies that order declares.
    var dependencies: [Dependency]
    /// In the order of the table, not in that of execution.
    var experiments: [DrillExperiment]
    /// Measured in the same run; nil if no overload was requested.
    var overload: OverloadReport?

    /// The outcome of each hypothesis, by the experiment's name.
    var outcomes: [(name: String, outcome: DrillExperiment.Outcome)] {
        experiments.map { ($0.name, $0.outcome) } + (overload?.outcomes ?? [])
    }
}

/// One fault under load: what was expected, what was seen, and what that means.
struct DrillExperiment: Codable, Equatable {
    enum Outcome: String, Codable {
        case held, failed
        /// The fault couldn't be injected, or the stack was too slow while other processes took the machine.
        case undecided
    }

    /// `coupon-frozen`, `operation-coupon-rule-500`
    var name: String
    /// The services with the fault.
    var targets: [String]
    /// `killed`, `frozen`, `slow`, `errors`, `garbage` or `black-holed`; for a part of a service `operation`,
    /// `traffic`, `brownout` or `quotes`; or `overload`.
    var kind: String
    /// `coupon is frozen (SIGSTOP)`
    var fault: String
    var hypothesis: String
    /// Orders a second.
    var rate: Double
    var outcome: Outcome
    /// What contradicts the hypothesis; empty if it held.
    var failures: [String]
    /// Evidence that the fault was effective: `coupon: connection refused`.
    var proof: [String]
    /// When the fault was active; several spans where healthy and broken stretches alternate.
    var faults: [Span]
    /// In order of time: fault set, breaker open, rolled back, normal again.
    var events: [Event]
    var timeline: [Second]
    /// Before the fault; all such stretches together.
    var healthy: Figures
    /// From the fault's first instant to its end.
    var broken: Figures
    /// From 3 s after the fault's first instant to its end.
    var isolated: Figures
    /// From the rollback to the end of the load.
    var recovering: Figures
    /// From the fault until the customers' p99 was within its bound and stayed there; nil if it never was.
    var isolateSeconds: Double?
    /// From the service being back until all was normal again; nil if it never was.
    var recoverSeconds: Double?
    /// Number of degraded answers by effect, such as `coupon-skipped`.
    var degraded: [String: Int]
    /// How many of the due repairs were done once the queues were empty.
    var repaired: Repairs
    /// Quotes and reads beside the orders.
    var reads: Reads
    /// The operations that continue during a partial fault; empty for other faults.
    var traffic: [Traffic] = []
    /// Nil unless the fault is partial.
    var finishing: Finishing?
    /// Nil if the experiment ended before its audit.
    var audit: DrillAudit?
    var durationSeconds: Double
    /// Share of the processors that other processes used meanwhile, 0 to 1.
    var otherProcesses = 0.0
    /// True if the stack was at most too slow, or the experiment couldn't be carried out.
    var isInDoubt = false
    /// How often it was carried out: doubtful results are repeated, and the deciding try is reported.
    var tries = 1
}

extension DrillExperiment {
    struct Span: Codable, Equatable {
        var begin: Double
        var end: Double
    }

    struct Event: Codable, Equatable {
        var at: Double
        var what: String
    }

    /// Orders by the first answer to each.
    struct Outcomes: Codable, Equatable {
        /// 201
        var confirmed = 0
        /// 202
        var accepted = 0
        /// Refusals and 503s of the contract.
        var refused = 0
        /// Without an answer in time, or with one outside the contract.
        var failed = 0

        var sent: Int { confirmed + accepted + refused + failed }
    }

    struct Latency: Codable, Equatable {
        var p50: Double
        var p90: Double
        var p99: Double
        var max: Double
    }

    struct Figures: Codable, Equatable {
        var outcomes = Outcomes()
        /// `201 confirmed`, `503 overloaded`, `no answer in time`, with their counts.
        var answers: [String: Int] = [:]
        /// Nil if nothing was sent.
        var latency: Latency?
    }

    /// The orders that were sent within one second of the experiment.
    struct Second: Codable, Equatable {
        /// 0 for the first.
        var second: Int
        var figures: Figures
        /// Orders whose answer named a degradation.
        var degraded: Int
    }

    struct Repairs: Codable, Equatable {
        var due = 0
        var done = 0
    }

    struct Reads: Codable, Equatable {
        var sent = 0
        /// 503s of the contract.
        var refused = 0
        var failed = 0
    }
}

/// The audit after an experiment, once the queues were empty.
struct DrillAudit: Codable, Equatable {
    struct Finding: Codable, Equatable {
        var name: String
        var ok: Bool
        /// The first ten.
        var violations: [String]
    }

    /// The invariants, and the comparison with the clients' history: lost, duplicated, unexpected.
    var findings: [Finding]
    /// From the end of the load until every queue was empty.
    var drainedSeconds: Double
    var orders: Int

    var ok: Bool { findings.allSatisfy(\.ok) }
}

/// Loads above the capacity, step by step.
struct OverloadReport: Codable, Equatable {
    struct Step: Codable, Equatable {
        /// Times the capacity.
        var factor: Double
        /// Requests of all kinds that were sent, a second.
        var offered: Double
        /// Orders a second that were sent, and those that were accepted within their deadline.
        var ordersOffered: Double
        var goodput: Double
        /// (1 − xρ)/(1 − ρ) of the capacity: what remains when each refusal costs ρ of an order.
        var bound: Double
        var admittedP50: Double?
        var admittedP99: Double?
        /// Refused, by criticality, as the shedder counts.
        var shed: [String: Int]
        var admitted: [String: Int]
        /// From the step until goodput was within its bound; nil if it never was.
        var settledSeconds: Double?
        /// From the step's end until all was normal again; nil if it never was.
        var recoveredSeconds: Double?
        var outcome: DrillExperiment.Outcome
        var failures: [String]
        var timeline: [DrillExperiment.Second]
        /// When the step was, on the timeline.
        var span: DrillExperiment.Span
        /// Until the deferred messages were delivered as well.
        var drainedSeconds = 0.0
        /// See ``DrillExperiment/otherProcesses``.
        var otherProcesses = 0.0
        var isInDoubt = false
        var tries = 1
    }

    /// An outage under overload, with customers who retry.
    struct Outage: Codable, Equatable {
        var dependency: String
        /// Orders a second until its end.
        var offered: Double
        /// Requests for all these orders, those afterwards included.
        var requests: Int
        /// Orders a second afterwards.
        var afterwards: Double
        /// From its end until every order was confirmed in time; nil if that never happened.
        var recoveredSeconds: Double?
        var outcome: DrillExperiment.Outcome
        var failures: [String]
        var timeline: [DrillExperiment.Second]
        /// When it was, on the timeline.
        var span: DrillExperiment.Span
    }

    /// Orders a second in a closed loop. As in the steps, messages that are delivered afterwards don't count.
    var capacity: Double
    /// p99 at 0.7 of the capacity, in milliseconds.
    var p99AtSeventyPercent: Double
    /// Processor time of a refusal over that of a served order, all processes counted.
    var refusalCost: Double
    /// Orders that were answered 503, while the capacity was measured and in all steps.
    var ordersRefused = 0
    var steps: [Step]
    /// Nil if it wasn't requested.
    var outage: Outage?
    /// After all steps, once the queues were empty.
    var audit: DrillAudit?
    /// Why nothing could be measured; nil otherwise.
    var obstacle: String?

    var outcomes: [(name: String, outcome: DrillExperiment.Outcome)] {
        steps.map { ("overload-\($0.factor.formattedWithoutZeros)x", $0.outcome) }
            + (outage.map { [("overload-outage", $0.outcome)] } ?? [])
            + (audit?.ok == false ? [("overload-audit", .failed)] : [])
            + (obstacle == nil ? [] : [("overload", .undecided)])
    }
}
