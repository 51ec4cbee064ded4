import ArgumentParser
import Contracts
import StackView
import Transport

struct Status: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the state of each service; exit code 1 unless all are ready.",
        discussion: """
            ready, starting, draining, frozen (stopped by a signal, as csp freeze does) or dead.

            Example: csp status --json
            """
    )

    @OptionGroup var data: DataFolderOption

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        struct Service: Encodable {
            var name: ServiceName
            var url: String
            var pid: Int32?
            var state: ServiceState

            private enum CodingKeys: String, CodingKey { case name, url, pid, state }

            /// `pid` is always there, `null` for a dead one.
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(name, forKey: .name)
                try container.encode(url, forKey: .url)
                try container.encode(pid, forKey: .pid)
                try container.encode(state, forKey: .state)
            }
        }

        var dataDir: String
        var services: [Service]
    }

    func run() async throws {
        let record = try data.folder.record()
        let client = HTTPClient()
        defer { client.shutdown() }
        let states = await withTaskGroup { group in
            for service in record.services { group.addTask { (service.name, await service.state(client)) } }
            return await group.reduce(into: [ServiceName: ServiceState]()) { $0[$1.0] = $1.1 }
        }
        let services = record.services.map { service in
            let state = states[service.name] ?? .dead
            return Report.Service(
                name: service.name, url: service.url, pid: state == .dead ? nil : service.process.pid,
                state: state)
        }
        Terminal.print(
            json
                ? try Terminal.json(Report(dataDir: data.folder.path, services: services))
                : services.map(line).joined(separator: "\n"))
        if services.contains(where: { $0.state != .ready }) { throw ExitCode(1) }
    }

    private func line(_ service: Report.Service) -> String {
        let colour: Terminal.Colour =
            switch service.state {
            case .ready: .green
            case .dead: .red
            case .starting, .draining, .frozen: .yellow
            }
        let state = Terminal.coloured(Terminal.column(service.state.rawValue, 10), colour)
        let place = service.pid.map { "\(Terminal.column(service.url, 24))pid \($0)" } ?? service.url
        return "\(Terminal.column(service.name.rawValue, 14))\(state)\(place)"
    }
}
