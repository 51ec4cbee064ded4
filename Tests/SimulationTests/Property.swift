/// Properties of the queue's leases, checked after every event or once the queue is empty.
enum Property: String, Sendable {
    case toldOnce = "a message id has one effect"
    case toldInOrder = "messages of one key are delivered in the order in which they were added"
    case oneHolder = "a lease has one holder at a time"
    case settledByHolder = "only the holder of its lease settles a message"
    // Once drained.
    case drained = "no message is left"
    case delivered = "every message is delivered"
}

struct Violation: Error, CustomStringConvertible {
    var property: Property
    /// The message that it concerns.
    var about: String
    var detail: String

    var description: String { "\(property): “\(property.rawValue)” broken by \(about): \(detail)" }
}
