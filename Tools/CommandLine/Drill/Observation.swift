/// All that was seen in one experiment, before anybody judges it. Times are seconds since the load began.
struct Observation {
    /// A healthy stretch, the fault, and what came after it.
    struct Round {
        var healthy: DrillExperiment.Span
        /// From the fault's first instant to the first of its rollback.
        var fault: DrillExperiment.Span
        /// When the service was there again.
        var back: Double
        var end: Double
        /// From when on the fault was in place for sure; nil: from its first instant. What is sent before may
        /// still be served.
        var inPlace: Double?

        /// Of what was sent during the fault, what it must have met.
        func hasMet(_ sample: Sample) -> Bool {
            (inPlace ?? fault.begin) <= sample.at && sample.end < fault.end
        }
    }

    /// What order said of a breaker, whenever it said something new.
    struct BreakerSighting: Equatable {
        var at: Double
        var dependency: String
        var state: String
    }

    var samples: [Sample] = []
    var rounds: [Round] = []
    var breakers: [BreakerSighting] = []
    /// Protections that are declared switched off, in words.
    var unprotected: [String] = []
    /// Why nothing can be concluded: the fault didn't bite, the stack wasn't healthy before.
    var obstacles: [String] = []
    /// How the fault was seen to bite.
    var proof: [String] = []
    /// Orders that came to no end that the contract has, with their keys.
    var unended: [String] = []
    var reads = DrillExperiment.Reads()
    /// Operations that a partial fault isn't meant for.
    var traffic: [DrillExperiment.Traffic] = []
    /// Nil where no partial fault came to its end.
    var finishing: DrillExperiment.Finishing?
    var repaired = DrillExperiment.Repairs()
    var audit: DrillAudit?
    /// What other processes had of the processors, 0 to 1.
    var otherProcesses = 0.0

    /// Without what was still under way when the fault came: it is of neither.
    var healthy: [Sample] { rounds.flatMap(healthy) }

    func healthy(_ round: Round) -> [Sample] {
        samples.sent(in: round.healthy).filter { $0.end < round.fault.begin }
    }

    var broken: [Sample] { samples.sent(in: rounds.map(\.fault)) }
    var recovering: [Sample] { samples.sent(in: rounds.map { .init(begin: $0.fault.end, end: $0.end) }) }

    /// What was sent once the dependency should have been isolated, while it was tried in vain now and then.
    var isolated: [Sample] {
        samples.sent(
            in: rounds.map { .init(begin: $0.fault.begin + Thresholds.isolation, end: $0.fault.end) })
    }
}
