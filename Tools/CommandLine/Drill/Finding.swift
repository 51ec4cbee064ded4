/// Something that contradicts a hypothesis.
struct Finding: Equatable {
    var words: String
    /// A stack that has too little of the machine may do this without being broken: it is slow, or gives up
    /// on what is slow.
    var isDoubtful: Bool
}

extension [Finding] {
    static func certain(_ words: [String]) -> [Finding] {
        words.map { Finding(words: $0, isDoubtful: false) }
    }
    static func doubtful(_ words: [String]) -> [Finding] {
        words.map { Finding(words: $0, isDoubtful: true) }
    }

    /// There is something, and nothing that a slow machine doesn't explain.
    var areDoubtful: Bool { !isEmpty && allSatisfy(\.isDoubtful) }

    /// What follows, with what others had of the machine meanwhile.
    ///
    /// - Parameter neighbours: 0 to 1.
    func conclusion(otherProcesses: Double) -> (outcome: DrillExperiment.Outcome, failures: [String]) {
        guard !isEmpty else { return (.held, []) }
        guard areDoubtful, let excuse = OtherProcesses.excuse(otherProcesses) else {
            return (.failed, map(\.words))
        }
        return (.undecided, [excuse] + map(\.words))
    }
}

/// What can be looked at again where one look doesn't decide.
protocol Repeatable {
    var outcome: DrillExperiment.Outcome { get }
    /// Another try may find otherwise: it was undecided, or was only too slow.
    var isInDoubt: Bool { get }
    /// How often it was looked at.
    var tries: Int { get set }
}

extension DrillExperiment: Repeatable {}
extension OverloadReport.Step: Repeatable {}

/// Tries up to three times; the first try that leaves no doubt decides. Where all do, it failed only if none
/// was undecided.
func settled<Result: Repeatable>(_ attempt: (_ number: Int) async throws -> Result) async throws -> Result {
    var found = try await attempt(1)
    var number = 1
    while found.isInDoubt, number < 3 {
        number += 1
        let next = try await attempt(number)
        if !next.isInDoubt || next.outcome == .undecided || found.outcome != .undecided { found = next }
        found.tries = number
    }
    return found
}
