package import Foundation

/// A message as its handler gets it: leased to this process until it is settled.
package struct Message: Sendable {
    package var id: Int64
    /// What is to be done; it selects the handler.
    package var kind: String
    /// What it is about: an order id. There is at most one message of a kind for a key.
    package var key: String
    package var payload: Data
    /// How often delivery has failed so far without an answer that counts.
    package var failures: Int
    /// How often it was refused so far.
    package var tries: Int
    package var createdAt: Int64
    /// The `traceparent` of what added it, if that had one.
    package var trace: String?
    let priority: Int
    let isOrdered: Bool
    let owner: Int64
    let attempt: Int64

    var lease: Lease { Lease(id: id, owner: owner, attempt: attempt) }
}

/// One claim of one message: what every later change of that message has to show.
struct Lease: Sendable, Hashable {
    var id: Int64
    /// The workers of one process.
    var owner: Int64
    /// Which claim of the message this is. An owner can lose a message and claim it again.
    var attempt: Int64
}

/// What became of a delivery.
package enum DeliveryResult: Sendable {
    /// Done; `commit` runs in the transaction that removes the message, so that both happen or neither.
    case done(commit: Commit? = nil)
    /// The receiver couldn't be asked or couldn't answer: tried again for as long as it takes.
    case unavailable(String)
    /// An answer that another try can't change: it counts, and a message with too many goes to the dead
    /// letters.
    case refused(String)
}
