/// One thing that contradicts an invariant.
struct Violation: Encodable, Equatable {
    /// The order, SKU, coupon or message that it concerns.
    var id: String
    var detail: String

    init(_ id: String, _ detail: String) {
        self.id = id
        self.detail = detail
    }
}

/// One invariant of the contract, checked.
struct Invariant: Encodable {
    var number: Int
    var name: String
    var ok: Bool
    var violations: [Violation]

    init(_ number: Int, _ name: String, _ violations: [Violation]) {
        self.number = number
        self.name = name
        ok = violations.isEmpty
        self.violations = violations
    }
}
