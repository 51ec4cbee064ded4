// Refused: an optional dependency that no path declares.
// error: 'OptionalDependency' initializer is inaccessible due to 'internal' protection level
// error: missing argument for parameter 'dependency' in call
import ServingPath

func coupon() throws -> OptionalOperation<String, Int> {
    try OptionalOperation(OptionalDependency(), "redeem", isIdempotent: true) { _, _ in
        100
    } fallback: { _, _ in
        .absent
    }
}
