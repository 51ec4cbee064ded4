/// The ways in which an item's quantity moves between `onHand`, `reserved` and `committed`.
enum StockMovement: Sendable {
    /// Sets available stock aside.
    case reserve
    /// Gives back what was set aside.
    case free
    /// Hands out what was set aside.
    case commit
    /// Hands out available stock that was not set aside.
    case commitUnreserved
    /// Takes back what was handed out.
    case putBack

    /// Whether it can fall short.
    var takesAvailable: Bool {
        switch self {
        case .reserve, .commitUnreserved: true
        case .free, .commit, .putBack: false
        }
    }
}
