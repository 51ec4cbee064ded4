import Contracts

/// Everything that was observed in one experiment. Times are seconds since the load began.
struct Observation {
    /// A healthy stretch, the fault, and what came after it.
    struct Round {
        var healthy: DrillExperiment.Span
        /// From the fault's first instant to the first of its rollback.
        var fault: DrillExperiment.Span
        /// When the service was ready again.
        var back: Double
        var end: Double
        /// When the fault was certainly in place; nil: from its first instant. Orders sent earlier may still
        /// be served.
        var inPlace: Double?

        /// Whether an order that was sent during the fault must have met it.
        func hasMet(_ sample: Sample) -> Bool {
            (inPlace ?? fault.begin) <= sample.at && sample.end < fault.end
        }
    }

    /// A change of a breaker, as order reports it.
    struct BreakerSighting: Equatable {
        var at: Double
        var dependency: String
        var state: String
    }

    /// When the first fault began, and the last one was rolled back.
    var faultAt: Timestamp?
    var backAt: Timestamp?
    /// What the console's incidents contradict; empty where they aren't checked.
    var incidents: [Finding] = []
    var samples: [Sample] = []
    var rounds: [Round] = []
    var breakers: [BreakerSighting] = []
    /// Protections that are declared off, as text.
    var unprotected: [String] = []
    /// Why the experiment is undecided: the fault had no effect, the stack wasn't healthy before.
    var obstacles: [String] = []
    /// Evidence that the fault was effective.
    var proof: [String] = []
    /// Orders without an ending of the contract, with their keys.
    var unended: [String] = []
    var reads = DrillExperiment.Reads()
    /// Operations that a partial fault spares.
    var traffic: [DrillExperiment.Traffic] = []
    /// Nil unless a partial fault was completed.
    var finishing: DrillExperiment.Finishing?
    var repaired = DrillExperiment.Repairs()
    var audit: DrillAudit?
    /// Share of the processors that other processes used, 0 to 1.
    var otherProcesses = 0.0

    /// Without orders under way when the fault began: they are neither healthy nor broken.
    var healthy: [Sample] { rounds.flatMap(healthy) }

    func healthy(_ round: Round) -> [Sample] {
        samples.sent(in: round.healthy).filter { $0.end < round.fault.begin }
    }

    var broken: [Sample] { samples.sent(in: rounds.map(\.fault)) }
    var recovering: [Sample] { samples.sent(in: rounds.map { .init(begin: $0.fault.end, end: $0.end) }) }

    /// Orders sent after the time for isolation, while probes of the dependency still fail.
    var isolated: [Sample] {
        samples.sent(
            in: rounds.map { .init(begin: $0.fault.begin + Thresholds.isolation, end: $0.fault.end) })
    }
}
