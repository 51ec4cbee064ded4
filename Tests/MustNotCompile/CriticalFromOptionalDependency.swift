// Refused: a critical call to a dependency that the path declares as optional.
// error: cannot convert value of type 'OptionalDependency' to expected argument type 'CriticalDependency'
import ServingPath

typealias CouponCall = CriticalOperation<String, Int, Never>

func coupon(_ step: OptionalDependency, live: @escaping CouponCall.Live) -> CouponCall {
    CouponCall(step, "redeem", isIdempotent: true, live: live)
}
