// Refused: an optional dependency that no path declares.
// error: 'OptionalStep' initializer is inaccessible due to 'internal' protection level
// error: missing argument for parameter 'dependency' in call
import ServingPath

func coupon() throws -> OptionalDependency<String, Int> {
    try OptionalDependency(OptionalStep(), "redeem", isIdempotent: true) { _, _ in
        100
    } fallback: { _, _ in
        .absent
    }
}
