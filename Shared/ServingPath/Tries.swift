import Resilience

/// What the tries of one call have come to so far.
///
/// A last try that surely did nothing must not hide an earlier one whose outcome is unknown.
final class Tries: Sendable {
    private struct State {
        var last: Unavailability?
        var mayHaveBeenDone = false
        var isHurried = false
    }

    private let state = Locked(State())

    /// Why the last try that was made gave no answer; nil when none was made.
    var last: Unavailability? { state.withLock { $0.last } }

    /// A try begins; `hurried` if its caller leaves it too little time for its timeout to mean anything.
    func begin(hurried: Bool) { state.withLock { $0.isHurried = hurried } }

    func failed(_ why: Unavailability) {
        state.withLock { state in
            state.last = why
            state.mayHaveBeenDone = state.mayHaveBeenDone || why.mayHaveBeenDone
        }
    }

    /// What the failure of the try that has just ended says about the dependency.
    func disposition(of failure: DependencyFailure<some Sendable>) -> Disposition {
        if case .unavailable(let why) = failure, why.reason == .timeout, state.withLock({ $0.isHurried }) {
            return .ignored
        }
        return failure.disposition
    }

    /// A probe runs beside the caller, on its behalf: the caller doesn't learn its outcome.
    func goOnBeside() { state.withLock { $0.mayHaveBeenDone = true } }

    func marked(_ why: Unavailability) -> Unavailability {
        var why = why
        if state.withLock({ $0.mayHaveBeenDone }) { why.mayHaveBeenDone = true }
        return why
    }
}
