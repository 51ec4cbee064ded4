// Compiles: a purchase that makes both kinds of call correctly.
import Resilience
import ServingPath

func purchase(
    _ coupon: CouponCall, _ payment: PaymentCall, for caller: Caller
) async throws(PaymentCall.Failure) -> String {
    let discount = await coupon.call("WELCOME", for: caller)
    return try await payment.call(1000 - (discount.value ?? 0), for: caller)
}

func couponCall(_ step: OptionalDependency) throws -> CouponCall {
    try CouponCall(step, "redeem", isIdempotent: true) { _, _ in
        100
    } fallback: { _, _ in
        .absent
    }
}

func paymentCall(_ step: CriticalDependency) throws -> PaymentCall {
    try PaymentCall(step, "charge", isIdempotent: true) { _, _ in "ch_1" }
}

typealias CouponCall = OptionalOperation<String, Int>
typealias PaymentCall = CriticalOperation<Int, String, Never>
