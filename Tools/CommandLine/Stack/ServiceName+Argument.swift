import ArgumentParser
import Contracts

extension ServiceName: ExpressibleByArgument {
    /// For help: "order, payment or coupon".
    static var list: String {
        let names = allCases.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }
}
