/// Properties that must hold, checked after every commit or once all queues are empty.
enum Property: String, CaseIterable, Sendable {
    // After every commit that could break it.
    case neverOversold = "no more is reserved and committed than there was"
    case capturedOnce = "an order is captured once at most"
    case oneAmount = "an order is charged one amount, whatever is retried"
    case tombstone = "what was undone stays undone, whatever comes late"
    case reservedFirst = "nothing is captured that was never reserved"
    case refundedOnce = "an order's coupon is refunded once, and never more than was captured"
    case withinLimits = "a customer uses a coupon within its limit"
    case toldOnce = "a message id has one effect"
    case toldInOrder = "a customer reads what happened in the order in which it happened"
    case legalWay = "an order that has ended stays as it ended, and its total as it was told"
    case promised = "no more is promised than there is stock"
    case estimatedWithinLimits = "an estimate leaves the customer's other discounts within the limit"
    case estimatedOffline = "a discount is estimated only where the rule allows it"
    case couponFree = "no coupon is refused because of an order that came to nothing before"
    case reconciled = "coupon is told of no redemption that it never made"
    case nothingToPay = "an order that costs nothing needs no means of payment"
    case pricesHeld = "a reservation has the prices that it was made at"
    case heldInGrace = "what ran out while inventory was away stays set aside for a while"
    case pricesKept = "prices that were read are on disk before order is ready"
    case lossNoticed = "a store that lost something doesn't start until it is told to"
    // Once drained: the contract's invariants, …
    case terminal = "every order is in a terminal state"
    case paid = "every confirmed order is paid once, and no other keeps money"
    case ledger = "the ledger adds up, and money in is money out"
    case stock = "stock adds up, and nothing stays reserved"
    case coupons = "only confirmed orders use coupons"
    case told = "every customer was told exactly once"
    case noDeadLetters = "there are no dead letters"
    case repaired = "everything that was degraded is made good"
    case decided = "half a minute after the faults every order is decided"
    // … and what customers were told.
    case drained = "no message is left"
    case clientTold = "an order is what its customer was told"
    case couponWorth = "a coupon that was used has given its discount"
    case couponRule = "no customer has more of a coupon than its rule allows"
    case couponPromise = "what was promised isn't taken by a later order"
    case quoted = "an order costs what its quote said, and isn't refused where that named no problem"
    case sameRequest = "a request that means the same is the same request"
    case oneOrderAKey = "a key has one order, unless it was freed with nothing done"
    case started = "a service starts on what its last life has left"
}

struct Violation: Error, CustomStringConvertible {
    var property: Property
    /// The order that it concerns.
    var about: String
    var detail: String

    var description: String { "\(property): “\(property.rawValue)” broken by \(about): \(detail)" }
}
