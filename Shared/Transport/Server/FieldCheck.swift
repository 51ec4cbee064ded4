package import Contracts

/// Collects what is wrong with a request's fields, so that a caller learns of all at once: the first 20.
package struct FieldCheck {
    static let most = 20

    private var errors: [FieldError]
    /// Pointers to what couldn't be read: the values used instead are not checked.
    private let unread: [String]

    package init() { self.init(found: []) }

    /// - Parameter found: what was found wrong when the fields were read.
    init(found: [FieldError]) {
        errors = found
        unread = found.map(\.pointer)
    }

    package mutating func callAsFunction(
        _ isValid: Bool, _ pointer: @autoclosure () -> String, _ detail: @autoclosure () -> String
    ) {
        guard !isValid, errors.count < Self.most else { return }
        let pointer = pointer()
        guard !unread.contains(where: { $0.isEmpty || pointer == $0 || pointer.hasPrefix($0 + "/") }) else {
            return
        }
        errors.append(FieldError(pointer: pointer, detail: detail()))
    }

    /// Ids, codes and the like: 1 to 255 characters, none of them NUL, since SQLite's text would end there
    /// and two ids become one.
    package static func isText(_ text: String) -> Bool {
        (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains(0)
    }

    package mutating func text(_ text: String, _ pointer: @autoclosure () -> String) {
        self(Self.isText(text), pointer(), "must have 1 to 255 characters, none of them NUL")
    }

    package mutating func number(
        _ number: Int, in range: ClosedRange<Int>, _ pointer: @autoclosure () -> String
    ) {
        self(
            range.contains(number), pointer(),
            "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }

    /// Minor units: at least 1, and small enough that no sum of them overflows.
    package mutating func amount(_ amount: Int, _ pointer: @autoclosure () -> String) {
        number(amount, in: 1...1_000_000_000_000_000, pointer())
    }

    /// The items of an order, a quote or a reservation: 1 to 100 of them, counted before duplicates are
    /// merged.
    package mutating func items(_ items: [ItemQuantity]) {
        self((1...100).contains(items.count), "/items", "must have 1 to 100 items")
        for (index, item) in items.prefix(100).enumerated() {
            text(item.sku, "/items/\(index)/sku")
            number(item.quantity, in: 1...1000, "/items/\(index)/quantity")
        }
    }

    var isPassed: Bool { errors.isEmpty }

    /// 422 with the fields that were found wrong.
    package var problem: Problem { .invalidRequest(errors) }

    /// - Throws: ``problem``, if anything was found wrong.
    package func finish() throws(Problem) {
        if !isPassed { throw problem }
    }
}
