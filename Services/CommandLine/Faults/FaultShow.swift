import ArgumentParser
import Transport

/// `csp fault show`.
struct FaultShow: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show which faults are active, and how often each bit.",
        discussion: """
            Of every service that lives. A fault that has expired is gone.

            Example: csp fault show --json
            """
    )

    @OptionGroup var data: DataFolderOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let services = try data.folder.record().services.filter(\.process.isAlive)
        let http = HTTPClient()
        defer { http.shutdown() }
        let client = try FaultClient(folder: data.folder, http: http)
        try await FaultReport(services, ask: client.status).tell(json: json)
    }
}
