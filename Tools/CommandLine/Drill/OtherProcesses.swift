import Contracts
import Foundation
import Resilience

/// Measures how much of this machine other processes use during a drill. A busy process makes a correct stack
/// slow: then slowness is undecided, while wrong results still fail.
final class OtherProcesses: Sendable {
    /// Share of all processors, 0 to 1, above which latencies say more about other processes than about the
    /// stack.
    static let limit = 0.1

    private struct State {
        var others = 0.0
        var all = 0.0
        var last: CPUTime?
    }

    private let state = Locked(State())

    /// Their share of the processors since the watch began, 0 to 1.
    var share: Double { state.withLock { $0.all > 0 ? ($0.others / $0.all).rounded(places: 3) : 0 } }

    /// Samples twice a second, until it is cancelled.
    func run(beside stack: DrillStack) async {
        repeat { sample(stack) } while (try? await Task.sleep(for: .milliseconds(500))) != nil
        sample(stack)
    }

    private func sample(_ stack: DrillStack) {
        guard let record = try? stack.folder.record() else { return }
        let now = CPUTime(record)
        state.withLock { state in
            if let last = state.last {
                state.others += max(0, now.busy - last.busy - now.own(since: last))
                state.all += max(0, now.all - last.all)
            }
            state.last = now
        }
    }

    /// Why slowness is undecided; nil if the drill had the machine to itself.
    static func excuse(_ share: Double) -> String? {
        guard share > limit else { return nil }
        return "undecided: other processes took \(Int((share * 100).rounded())) % of the processors meanwhile"
    }
}
