// Refused: a critical dependency that makes up a success.
// error: extra argument 'fallback' in call
import ServingPath

typealias PaymentCall = CriticalOperation<Int, String, Never>

func payment(_ step: CriticalDependency, live: @escaping PaymentCall.Live) -> PaymentCall {
    PaymentCall(step, "charge", isIdempotent: true, live: live, fallback: { _, _ in .computed("ch_0") })
}
