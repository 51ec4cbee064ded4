import Synchronization

/// Whether any try of one call may have been done without an answer to show for it.
final class Doubt: Sendable {
    private let isThere = Atomic(false)

    func arises() { isThere.store(true, ordering: .relaxed) }

    func marked(_ why: Unavailability) -> Unavailability {
        var why = why
        if isThere.load(ordering: .relaxed) { why.mayHaveBeenDone = true }
        return why
    }
}
