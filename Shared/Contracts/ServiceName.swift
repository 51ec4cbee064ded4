/// The services of the system. What names them all (settings, `csp`, tests) derives from this table.
package enum ServiceName: String, CaseIterable, Codable, Sendable {
    case order, payment, coupon, inventory, notification, console

    /// Port of the console of a stack. The services' ports count from it.
    package static let basePort = 8080

    package var portOffset: Int {
        switch self {
        case .console: 0
        case .order: 1
        case .payment: 2
        case .coupon: 3
        case .inventory: 4
        case .notification: 5
        }
    }

    package var defaultPort: Int { Self.basePort + portOffset }
    package var defaultURL: String { "http://127.0.0.1:\(defaultPort)" }

    /// What the service's settings begin with where others name it.
    package var settingPrefix: String { rawValue.uppercased() }
    /// The setting by which the others find it.
    package var urlKey: String { "\(settingPrefix)_URL" }
}
