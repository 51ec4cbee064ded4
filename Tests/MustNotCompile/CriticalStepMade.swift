// Refused: a critical dependency that no path declares.
// error: 'CriticalStep' initializer is inaccessible due to 'internal' protection level
// error: missing argument for parameter 'dependency' in call
import ServingPath

typealias PaymentCall = CriticalDependency<Int, String, Never>

func payment(live: @escaping PaymentCall.Live) -> PaymentCall {
    PaymentCall(CriticalStep(), "charge", isIdempotent: true, live: live)
}
