import Contracts
import Resilience

/// Polls the breakers of order ten times a second and records their changes.
final class BreakerWatch: Sendable {
    private struct State {
        var sightings: [Observation.BreakerSighting] = []
        var last: [String: String] = [:]
    }

    private let state = Locked(State())

    var sightings: [Observation.BreakerSighting] { state.withLock { $0.sightings } }

    func areClosed(_ dependencies: [String]) -> Bool {
        state.withLock { state in dependencies.allSatisfy { state.last[$0] ?? "closed" == "closed" } }
    }

    /// Runs until it is cancelled. While order is dead nothing is recorded.
    func run(_ stack: DrillStack, now: () -> Double) async {
        while (try? await Task.sleep(for: .milliseconds(100))) != nil {
            guard let path = try? await stack.path() else { continue }
            let at = now()
            state.withLock { state in
                for dependency in path.dependencies {
                    let seen = dependency.state.breaker.state
                    guard state.last.updateValue(seen, forKey: dependency.name) ?? "closed" != seen else {
                        continue
                    }
                    state.sightings.append(.init(at: at, dependency: dependency.name, state: seen))
                }
            }
        }
    }
}
