import ArgumentParser
import Contracts
import StackView
import Transport

/// `csp fault clear [SERVICE]`.
struct FaultClear: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "End the faults of a service, or of all that live.",
        discussion: """
            Requests that a fault has hold of stay with it: a black hole gives nothing back.

            Example: csp fault clear coupon
            """
    )

    @OptionGroup var data: DataFolderOption

    @Argument(help: "\(ServiceName.list); all of them, if it is left out.")
    var service: ServiceName?

    func run() async throws {
        let services = try data.folder.reachable().services.filter {
            service == nil ? $0.process.isAlive : $0.name == service
        }
        let http = HTTPClient()
        defer { http.shutdown() }
        let client = try FaultClient(folder: data.folder, http: http)
        try await FaultReport(services, ask: client.clear).tell(json: false)
    }
}
