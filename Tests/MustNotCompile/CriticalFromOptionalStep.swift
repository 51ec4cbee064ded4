// Refused: a critical call to a dependency that the path declares as optional.
// error: cannot convert value of type 'OptionalStep' to expected argument type 'CriticalStep'
import ServingPath

typealias CouponCall = CriticalDependency<String, Int, Never>

func coupon(_ step: OptionalStep, live: @escaping CouponCall.Live) -> CouponCall {
    CouponCall(step, "redeem", isIdempotent: true, live: live)
}
