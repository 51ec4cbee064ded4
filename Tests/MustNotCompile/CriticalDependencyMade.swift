// Refused: a critical dependency that no path declares.
// error: 'CriticalDependency' initializer is inaccessible due to 'internal' protection level
// error: missing argument for parameter 'dependency' in call
import ServingPath

typealias PaymentCall = CriticalOperation<Int, String, Never>

func payment(live: @escaping PaymentCall.Live) -> PaymentCall {
    PaymentCall(CriticalDependency(), "charge", isIdempotent: true, live: live)
}
