import Contracts
import Foundation
import Resilience

/// How much of this machine other processes take while a stack is drilled. Beside a busy process a stack is
/// slow without being broken: what it was too slow for is undecided then, and what it did wrong is not.
final class OtherProcesses: Sendable {
    /// Of all processors, what others may have, 0 to 1. From there on a latency tells more of them than of
    /// the stack.
    static let limit = 0.1

    private struct State {
        var others = 0.0
        var all = 0.0
        var last: CPUTime?
    }

    private let state = Locked(State())

    /// Their share of the processors since the watch began, 0 to 1.
    var share: Double { state.withLock { $0.all > 0 ? ($0.others / $0.all).rounded(places: 3) : 0 } }

    /// Looks twice a second, until it is cancelled.
    func run(beside stack: DrillStack) async {
        repeat { look(stack) } while (try? await Task.sleep(for: .milliseconds(500))) != nil
        look(stack)
    }

    private func look(_ stack: DrillStack) {
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

    /// Why what was too slow is undecided; nil where the machine was the drill's own.
    static func excuse(_ share: Double) -> String? {
        guard share > limit else { return nil }
        return "undecided: other processes took \(Int((share * 100).rounded())) % of the processors meanwhile"
    }
}
