import ArgumentParser
import Contracts
import StackView
import Transport

/// `csp fault show [SERVICE]`.
struct FaultShow: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show which faults are active, and how often each bit.",
        discussion: """
            A fault that has expired is gone.

            Example: csp fault show coupon
            """
    )

    @OptionGroup var data: DataFolderOption

    @Argument(help: "\(ServiceName.list); all that live, if it is left out.")
    var service: ServiceName?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let services = try data.folder.reachable().services.filter {
            service == nil ? $0.process.isAlive : $0.name == service
        }
        let http = HTTPClient()
        defer { http.shutdown() }
        let client = try FaultClient(folder: data.folder, http: http)
        try await FaultReport(services, ask: client.status).tell(json: json)
    }
}
