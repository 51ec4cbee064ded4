import Contracts

/// What a drill has found: `report.json`, and what `report.html` is drawn from.
///
/// All offsets are seconds since the experiment's load began, all latencies milliseconds, counted from when
/// an order was meant to be sent to the first answer of order.
struct DrillReport: Codable, Equatable {
    enum Extent: String, Codable { case quick, full }

    /// No hypothesis of the protected stack failed; some may be undecided.
    var ok: Bool
    /// Of the protected stack, by name.
    var failed: [String] = []
    var undecided: [String] = []
    var extent: Extent
    var seed: UInt64
    var startedAt: Timestamp
    var durationSeconds: Double
    /// `Linux x86_64, 2 cores`
    var machine: String
    /// One; with `--compare` two of the same experiments, the naive stack's first.
    var runs: [DrillRun]
}

/// The experiments on one stack.
struct DrillRun: Codable, Equatable {
    enum Mode: String, Codable {
        /// As the services are meant to run.
        case protected
        /// `CSP_MODE=naive`: no breaker, bulkhead, fallback or shedder, 30 s of patience.
        case naive
    }

    struct Dependency: Codable, Equatable {
        var name: String
        var role: DependencyDocument.Role
        var fallback: String
        var effect: String
    }

    var mode: Mode
    /// As order declares them.
    var dependencies: [Dependency]
    /// In the order of the table, which isn't the one they were run in.
    var experiments: [DrillExperiment]
    /// Measured in the same run; nil where no overload was asked for.
    var overload: OverloadReport?

    /// What came of each hypothesis, by the experiment's name.
    var outcomes: [(name: String, outcome: DrillExperiment.Outcome)] {
        experiments.map { ($0.name, $0.outcome) } + (overload?.outcomes ?? [])
    }
}

/// One fault under load: what was expected, what was seen, and what that means.
struct DrillExperiment: Codable, Equatable {
    enum Outcome: String, Codable {
        case held, failed
        /// The fault couldn't be brought about, or the stack was too slow while others had the machine:
        /// nothing is known.
        case undecided
    }

    /// `coupon-frozen`, `operation-coupon-rule-500`
    var name: String
    /// The services that were broken.
    var targets: [String]
    /// `killed`, `frozen`, `slow`, `errors`, `garbage` or `black-holed`; of a part of a service `operation`,
    /// `traffic`, `brownout` or `quotes`; or `overload`.
    var kind: String
    /// `coupon is frozen (SIGSTOP)`
    var fault: String
    var hypothesis: String
    /// Orders a second.
    var rate: Double
    var outcome: Outcome
    /// What contradicts the hypothesis, in words; empty where it held.
    var failures: [String]
    /// How the fault was seen to bite: `coupon: connection refused`.
    var proof: [String]
    /// When the fault was there; several where healthy and broken stretches alternate.
    var faults: [Span]
    /// In the order that they happened: fault set, breaker open, rolled back, normal again.
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
    /// From the fault until the customers' p99 was within its bound again and stayed there; nil if it never
    /// was.
    var isolateSeconds: Double?
    /// From the service being back until all was normal again; nil if it never was.
    var recoverSeconds: Double?
    /// How many answers said so, by effect: `coupon-skipped`.
    var degraded: [String: Int]
    /// Of the degradations that are to be made good, how many were once all was drained.
    var repaired: Repairs
    /// Quotes and reads beside the orders.
    var reads: Reads
    /// What goes on beside a partial fault; empty of any other.
    var traffic: [Traffic] = []
    /// Nil where it isn't a partial fault.
    var finishing: Finishing?
    /// Nil where it didn't come to one.
    var audit: DrillAudit?
    var durationSeconds: Double
    /// What other processes had of the processors meanwhile, 0 to 1.
    var otherProcesses = 0.0
    /// Nothing that it did was wrong; at most it was slow, or couldn't be tried.
    var isInDoubt = false
    /// What was in doubt is repeated; these are the figures of the try that decided.
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
        /// A refusal, or a 503, that the contract has.
        var refused = 0
        /// No answer in time, or one that the contract doesn't have.
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
        /// Nil where nothing was sent.
        var latency: Latency?
    }

    /// What was sent within one second of the experiment.
    struct Second: Codable, Equatable {
        /// 0 for the first.
        var second: Int
        var figures: Figures
        /// Orders whose answer named something done otherwise than usual.
        var degraded: Int
    }

    struct Repairs: Codable, Equatable {
        var due = 0
        var done = 0
    }

    struct Reads: Codable, Equatable {
        var sent = 0
        /// 503s that the contract has.
        var refused = 0
        var failed = 0
    }
}

/// The books after an experiment, once everything was drained.
struct DrillAudit: Codable, Equatable {
    struct Finding: Codable, Equatable {
        var name: String
        var ok: Bool
        /// The first ten.
        var violations: [String]
    }

    /// The eight invariants, and what the clients' history says: lost, duplicated, unexpected.
    var findings: [Finding]
    /// From the end of the load until no queue had work.
    var drainedSeconds: Double
    var orders: Int

    var ok: Bool { findings.allSatisfy(\.ok) }
}

/// More than the stack can do, step by step.
struct OverloadReport: Codable, Equatable {
    struct Step: Codable, Equatable {
        /// Times the capacity.
        var factor: Double
        /// Requests a second that were sent, of all kinds.
        var offered: Double
        /// Orders a second, and those of them that were taken within their deadline.
        var ordersOffered: Double
        var goodput: Double
        /// (1 − xρ)/(1 − ρ) of the capacity: what is left when each refusal costs ρ of an order.
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
        /// Until what was put off was delivered as well.
        var drainedSeconds = 0.0
        /// As of an experiment.
        var otherProcesses = 0.0
        var isInDoubt = false
        var tries = 1
    }

    /// After an outage under too much load, by customers who ask again.
    struct Outage: Codable, Equatable {
        var dependency: String
        /// Orders a second that were asked for until it ended.
        var offered: Double
        /// That were sent for all of them, those afterwards included.
        var requests: Int
        /// Orders a second afterwards.
        var afterwards: Double
        /// From its end until every order was confirmed in time; nil if that never was.
        var recoveredSeconds: Double?
        var outcome: DrillExperiment.Outcome
        var failures: [String]
        var timeline: [DrillExperiment.Second]
        /// When it was, on the timeline.
        var span: DrillExperiment.Span
    }

    /// Orders a second that the stack took with all its clients waiting in turn. As in the steps, what is
    /// delivered only afterwards doesn't count.
    var capacity: Double
    /// p99 at 0.7 of the capacity, in milliseconds.
    var p99AtSeventyPercent: Double
    /// What a refusal costs of what a served order does, all processes counted.
    var refusalCost: Double
    var steps: [Step]
    /// Nil where it wasn't asked for.
    var outage: Outage?
    /// After all of them, once everything was drained.
    var audit: DrillAudit?
    /// Why nothing could be measured; nil where it could.
    var obstacle: String?

    var outcomes: [(name: String, outcome: DrillExperiment.Outcome)] {
        steps.map { ("overload-\($0.factor.formattedWithoutZeros)x", $0.outcome) }
            + (outage.map { [("overload-outage", $0.outcome)] } ?? [])
            + (audit?.ok == false ? [("overload-audit", .failed)] : [])
            + (obstacle == nil ? [] : [("overload", .undecided)])
    }
}
