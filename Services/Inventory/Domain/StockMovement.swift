/// What a piece that moves adds to `onHand`, `reserved` and `committed`.
struct StockMovement: Sendable {
    var onHand = 0
    var reserved = 0
    var committed = 0

    static let reserve = Self(reserved: 1)
    static let free = Self(reserved: -1)
    static let commit = Self(onHand: -1, reserved: -1, committed: 1)
    static let commitUnreserved = Self(onHand: -1, committed: 1)
    static let putBack = Self(onHand: 1, committed: -1)

    /// Whether it can fall short: what is on hand and not reserved is available.
    var takesAvailable: Bool { onHand < reserved }
}
