import TestSupport
import Testing

/// Runs episodes, each with the next seed, until one breaks a property. A planted bug has to be found within
/// a million steps.
///
/// - Parameter episode: runs one, and returns its number of steps and what it broke.
func hunt(
    _ bug: String, episode: (_ seed: UInt64) -> (steps: Int, violation: Violation?)
) -> (seed: UInt64, violation: Violation)? {
    var seed = SeededRandomSource(bug).seed
    var steps = 0
    while steps < 1_000_000 {
        let (taken, violation) = episode(seed)
        steps += taken
        if let violation {
            print("\(bug): found after \(steps) steps: \(violation)")
            return (seed, violation)
        }
        seed &+= 1
    }
    Issue.record("\(bug) was not found in \(steps) steps")
    return nil
}
