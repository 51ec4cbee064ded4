// Refused: an optional dependency that doesn't say what happens instead.
// error: missing argument for parameter 'fallback' in call
import ServingPath

func coupon(_ step: OptionalDependency) throws -> OptionalOperation<String, Int> {
    try OptionalOperation(step, "redeem", isIdempotent: true) { _, _ in 100 }
}
