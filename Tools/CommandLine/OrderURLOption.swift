import ArgumentParser
import Contracts
import Foundation
import StackView

/// `--url`: an order service that is not on this machine.
struct OrderURLOption: ParsableArguments {
    @Option(
        name: .customLong("url"),
        help: ArgumentHelp(
            "Where order is; by default, where the stack's record says, or ORDER_URL.", valueName: "url"))
    var given: String?

    func validate() throws {
        if let given, !given.hasPrefix("http://"), !given.hasPrefix("https://") {
            throw ValidationError("--url must begin with http:// or https://, not be \(given)")
        }
    }

    func url(_ folder: StackFolder) throws -> String {
        if let given { return given.hasSuffix("/") ? String(given.dropLast()) : given }
        guard let order = try folder.reachable()[.order] else { throw Failure("this stack has no order") }
        return order.url
    }

    /// The folder of the default journey: that of the stack's catalogue, else the one that `up` would use.
    func seedFolder(_ folder: StackFolder) throws -> String {
        if given == nil, let record = try folder.recordIfAny() { return record.seedFolder }
        return try Paths.seedFolder()
    }
}
