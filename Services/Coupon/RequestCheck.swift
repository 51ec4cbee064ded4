import Contracts
import Transport

/// Collects every field that is out of range, with a pointer to it.
struct RequestCheck {
    private var errors: [FieldError] = []

    /// 1 to 255 characters, none of them NUL: SQLite's text would end there, and two ids become one.
    static func isText(_ text: String) -> Bool {
        (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains(0)
    }

    mutating func text(_ text: String, _ pointer: String) {
        require(Self.isText(text), pointer, "must have 1 to 255 characters, none of them NUL")
    }

    mutating func number(_ number: Int, in range: ClosedRange<Int>, _ pointer: String) {
        require(range.contains(number), pointer, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }

    mutating func require(_ isValid: Bool, _ pointer: String, _ detail: String) {
        if !isValid { errors.append(FieldError(pointer: pointer, detail: detail)) }
    }

    /// - Throws: 422 with everything that was found.
    func finish() throws {
        guard errors.isEmpty else { throw Problem.invalidRequest(errors) }
    }
}
