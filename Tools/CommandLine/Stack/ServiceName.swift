import ArgumentParser

/// The services of a stack, in the order of their ports.
enum ServiceName: String, CaseIterable, Codable, ExpressibleByArgument {
    case order, payment, coupon, inventory, notification

    /// BASE itself belongs to the console.
    var portOffset: Int {
        switch self {
        case .order: 1
        case .payment: 2
        case .coupon: 3
        case .inventory: 4
        case .notification: 5
        }
    }

    /// The setting by which the others find it.
    var urlKey: String { "\(rawValue.uppercased())_URL" }
}
