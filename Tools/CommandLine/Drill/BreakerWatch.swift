import Contracts
import Resilience

/// Looks ten times a second at what order says of its breakers, and keeps what is new.
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

    /// Until it is cancelled. What can't be asked, because order is dead, is no news.
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
