/// The two tries of one call, as far as they have ended: which answer is the call's.
struct HedgeRace<Value, Failure: Error> {
    typealias Answer = Result<Value, CallFailure<Failure>>

    enum Try: Sendable { case first, second }

    private(set) var firstFailure: CallFailure<Failure>?
    private(set) var secondHasFailed = false
    private(set) var isHedged = false

    mutating func hedge() { isHedged = true }

    /// The call's answer, if this one decides it; nil: wait for the other.
    mutating func ended(_ which: Try, _ answer: Answer) -> Answer? {
        guard case .failure(let failure) = answer else { return answer }
        switch which {
        case .first: firstFailure = failure
        case .second: secondHasFailed = true
        }
        // A try alone is the answer: trying again is Retry's job. And a refusal would be repeated.
        guard isHedged, failure.disposition.health != .healthy else { return answer }
        if secondHasFailed, let firstFailure { return .failure(firstFailure) }
        return nil
    }
}
