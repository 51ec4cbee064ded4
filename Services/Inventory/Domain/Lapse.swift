import Contracts
import Mutants
import Runtime

/// When reservations lapse: at the end of their life, save for a while after the start.
///
/// The commits of reservations that ran out while inventory was away had nowhere to go. Until they have come,
/// what was reserved before the start stays set aside: it was most likely sold.
struct Lapse: Sendable {
    struct Due: Sendable {
        var from: Timestamp
        var upTo: Timestamp
        /// Left out: whose items can't be read, so that their stock stays set aside.
        var unreadable: UnreadableRows
    }

    let lifetime: Duration
    /// How long after the start older ones stay.
    let grace: Duration
    let start: Timestamp
    let unreadable: UnreadableRows

    func due(at now: Timestamp) -> Due {
        // What is reserved or renewed since the start ends a lifetime after it at the soonest.
        let isEarly = now < start.advanced(by: grace) && !Mutant.isOn(.inventoryHasNoGrace)
        let first = isEarly ? start.advanced(by: lifetime) : Timestamp(milliseconds: 0)
        return Due(from: first, upTo: now, unreadable: unreadable)
    }
}
