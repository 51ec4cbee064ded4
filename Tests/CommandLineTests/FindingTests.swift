import Contracts
import Testing

@testable import CommandLine

@Suite(.timeLimit(.minutes(10))) struct FindingTests {
    private static let slow = [Finding].doubtful(["p99 was 80 ms"])
    private static let wrong = [Finding].certain(["1 × 500 internal of 800 orders"])

    @Test("slowness is undecided beside a busy process, with the reason, and failed without one")
    func slow() {
        #expect(Self.slow.conclusion(otherProcesses: 0.02) == (.failed, ["p99 was 80 ms"]))
        let (outcome, failures) = Self.slow.conclusion(otherProcesses: 0.43)
        #expect(outcome == .undecided)
        #expect(
            failures == ["undecided: other processes took 43 % of the processors meanwhile", "p99 was 80 ms"])
    }

    @Test("a wrong result has failed, whatever other processes do")
    func wrong() {
        #expect((Self.slow + Self.wrong).conclusion(otherProcesses: 0.9).outcome == .failed)
        #expect([Finding]().conclusion(otherProcesses: 0.9) == (.held, []))
    }

    private struct Try: Repeatable, Equatable {
        var outcome: DrillExperiment.Outcome
        var isInDoubt: Bool
        var tries = 1

        static let held = Try(outcome: .held, isInDoubt: false)
        static let wrong = Try(outcome: .failed, isInDoubt: false)
        static let slow = Try(outcome: .failed, isInDoubt: true)
        static let excused = Try(outcome: .undecided, isInDoubt: true)
    }

    @Test(
        "a doubtful result is tried three times; without a clear try it fails if none was undecided",
        arguments: [
            ([Try.held], DrillExperiment.Outcome.held), ([.wrong], .failed), ([.slow, .held], .held),
            ([.slow, .wrong], .failed),
            ([.slow, .slow, .slow], .failed), ([.slow, .excused, .slow], .undecided),
            ([.excused, .excused, .held], .held),
        ])
    private func repeated(tries: [Try], expected: DrillExperiment.Outcome) async throws {
        var left = tries
        let found = try await settled { _ in left.removeFirst() }
        #expect(found.outcome == expected && found.tries == tries.count && left.isEmpty)
    }
}
