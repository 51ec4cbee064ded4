/// The output of `csp audit --json`.
struct AuditReport: Decodable {
    struct Invariant: Decodable {
        struct Violation: Decodable {
            var id: String
            var detail: String
        }
        var number: Int
        var violations: [Violation]
    }
    var ok: Bool
    var invariants: [Invariant]
}
