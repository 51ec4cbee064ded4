/// Something that contradicts a hypothesis.
struct Finding: Equatable {
    var words: String
    /// A correct stack may do this while other processes take the machine: it is slow, or times out.
    var isDoubtful: Bool
}

extension [Finding] {
    static func certain(_ words: [String]) -> [Finding] {
        words.map { Finding(words: $0, isDoubtful: false) }
    }
    static func doubtful(_ words: [String]) -> [Finding] {
        words.map { Finding(words: $0, isDoubtful: true) }
    }

    /// Whether a slow machine explains all of them, and there are any.
    var areDoubtful: Bool { !isEmpty && allSatisfy(\.isDoubtful) }

    /// The outcome, given the share of the machine that other processes used meanwhile.
    ///
    /// - Parameter otherProcesses: 0 to 1.
    func conclusion(otherProcesses: Double) -> (outcome: DrillExperiment.Outcome, failures: [String]) {
        guard !isEmpty else { return (.held, []) }
        guard areDoubtful, let excuse = OtherProcesses.excuse(otherProcesses) else {
            return (.failed, map(\.words))
        }
        return (.undecided, [excuse] + map(\.words))
    }
}

/// A result that is repeated if one try doesn't decide.
protocol Repeatable {
    var outcome: DrillExperiment.Outcome { get }
    /// Another try may differ: this one was undecided, or only too slow.
    var isInDoubt: Bool { get }
    /// How often it was tried.
    var tries: Int { get set }
}

extension DrillExperiment: Repeatable {}
extension OverloadReport.Step: Repeatable {}

/// Tries up to three times; the first try without doubt decides. If all are in doubt, the result is failed
/// only if none was undecided.
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
