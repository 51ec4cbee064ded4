// Refused: an optional call to a dependency that the path declares as critical.
// error: cannot convert value of type 'CriticalStep' to expected argument type 'OptionalStep'
import ServingPath

func payment(_ step: CriticalStep) throws -> OptionalDependency<Int, String> {
    try OptionalDependency(step, "charge", isIdempotent: true) { _, _ in
        "ch_1"
    } fallback: { _, _ in
        .absent
    }
}
