// Refused: an optional call to a dependency that the path declares as critical.
// error: cannot convert value of type 'CriticalDependency' to expected argument type 'OptionalDependency'
import ServingPath

func payment(_ step: CriticalDependency) throws -> OptionalOperation<Int, String> {
    try OptionalOperation(step, "charge", isIdempotent: true) { _, _ in
        "ch_1"
    } fallback: { _, _ in
        .absent
    }
}
