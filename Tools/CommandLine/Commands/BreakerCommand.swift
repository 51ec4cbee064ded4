import ArgumentParser
import Contracts
import Foundation
import StackView
import Transport

/// `csp breaker NAME open|closed|auto`.
struct BreakerCommand: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "breaker",
        abstract: "Hold order's breaker of a dependency open or closed, or give it back to itself.",
        discussion: """
            open: no call is sent, and the declared fallback is used. closed: every call is sent, whatever \
            fails. auto: the breaker decides again. It holds until it is changed or order is restarted.

            Example: csp breaker coupon open
            """
    )

    enum Position: String, CaseIterable, ExpressibleByArgument {
        case open, closed, auto

        /// The value in `PATCH /csp/dependencies/{name}`.
        var control: String {
            switch self {
            case .open: "forced-open"
            case .closed: "forced-closed"
            case .auto: "automatic"
            }
        }
    }

    @OptionGroup var data: DataFolderOption

    @Argument(help: "A service that order calls; csp watch lists them.")
    var name: ServiceName

    @Argument(help: "open, closed or auto.")
    var position: Position

    @Flag(help: "Print the dependency as JSON, as GET /csp has it.")
    var json = false

    func validate() throws {
        guard name != .order else {
            throw ValidationError("order has no breaker of itself; name a service that it calls")
        }
    }

    func run() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        guard let order = try data.folder.reachable()[.order] else {
            throw Failure("this stack has no order")
        }
        let api = ServiceAPI(
            url: order.url, client: client,
            adminToken: try Tokens.known(\.adminToken, "ADMIN_TOKEN", in: data.folder))
        let dependency = try await api.ask(
            "PATCH", "/csp/dependencies/\(name)",
            body: Array(JSON.encode(DependencyChange(control: position.control))),
            as: DependencyDocument.self)
        Terminal.print(json ? try Terminal.json(dependency) : words(dependency))
    }

    private func words(_ dependency: DependencyDocument) -> String {
        let breaker = dependency.state.breaker
        let undo = position == .auto ? "" : "; csp breaker \(name) auto\(data.folder.option) ends that"
        return "\(name)'s breaker is \(breaker.state) (\(breaker.control))\(undo)."
    }
}
