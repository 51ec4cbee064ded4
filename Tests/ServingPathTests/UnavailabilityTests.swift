import Resilience
import ServingPath
import Testing

@Suite("Why a dependency gave no answer")
struct UnavailabilityTests {
    @Test(
        "a policy's refusal says why, and that nothing was done; only an ended call may have done something"
    )
    func rejections() {
        let expected: [(Rejection, Unavailability, done: Bool)] = [
            (.deadlineExceeded, .deadlineExceeded, false), (.timedOut, .timeout, true),
            (
                .circuitOpen(retryAfter: .seconds(3)), Unavailability(.circuitOpen, retryAfter: .seconds(3)),
                false
            ),
            (.bulkheadFull, Unavailability(.bulkheadFull), false),
            (.limitReached, Unavailability(.bulkheadFull), false),
            (
                .rateLimited(retryAfter: .seconds(2)), Unavailability(.rateLimited, retryAfter: .seconds(2)),
                false
            ),
            (.throttled, .circuitOpen, false), (.cancelled, .cancelled, true),
            (.injected(.error), .serverError, true),
            (.injected(.abort), .connectionLost, true), (.injected(.garbage), .invalidAnswer, true),
            (.injected(.latency), .timeout, true), (.injected(.blackHole), .timeout, true),
        ]
        for (rejection, unavailability, done) in expected {
            #expect(Unavailability(rejection: rejection) == unavailability)
            #expect(unavailability.mayHaveBeenDone == done)
            // The policies and the failure agree on whether the dependency is at fault.
            #expect(unavailability.disposition.health == rejection.disposition.health, "\(rejection)")
        }
        let cutShort = Unavailability(rejection: .cutShort)
        #expect(
            cutShort.reason == .deadlineExceeded && cutShort.mayHaveBeenDone
                && cutShort.disposition == .ignored)
    }

    @Test(
        "a refusal shows that the dependency is healthy; an outage counts against it, with its Retry-After"
    )
    func dispositions() {
        #expect(DependencyFailure.refused("no").disposition == .refusal)
        let busy = Unavailability(.serverError, retryAfter: .seconds(4))
        #expect(DependencyFailure<String>.unavailable(busy).disposition == .busy(retryAfter: .seconds(4)))
        for reason in Unavailability.Reason.allCases {
            let disposition = Unavailability(reason).disposition
            #expect(disposition.isRetryable == (disposition.health == .faulty))
            #expect(Unavailability(reason).code == reason.rawValue)
        }
    }

    @Test("the four classes keep their order, and come back from their rank")
    func criticality() {
        #expect(Criticality.allCases == Criticality.allCases.sorted() && Criticality.allCases.count == 4)
        for criticality in Criticality.allCases { #expect(Criticality(criticality.priority) == criticality) }
        #expect(
            Criticality(Priority(rank: -5)) == .sheddable && Criticality(Priority(rank: 9)) == .criticalPlus)
        #expect(Caller.queue.criticality == .sheddable)
        #expect(Caller.customer(until: Deadline(.now), .critical).criticality == .critical)
    }
}
