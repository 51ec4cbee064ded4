// Refused: a fallback that can fail in its turn.
// error: invalid conversion from throwing function
import ServingPath

func coupon(
    _ step: OptionalDependency, lastKnown: @escaping @Sendable (String) throws -> Int
) throws -> OptionalOperation<String, Int> {
    try OptionalOperation(step, "redeem", isIdempotent: true) { _, _ in
        100
    } fallback: { code, _ in
        .computed(try lastKnown(code))
    }
}
