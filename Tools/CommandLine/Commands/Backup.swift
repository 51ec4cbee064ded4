import ArgumentParser
import Contracts
import Foundation
import Transport

struct Backup: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy every service's store while it is used.",
        discussion: """
            Asks each running service for a copy: DIR/order/order.sqlite first, the others after it. \
            DIR is made, for its owner alone, and can be given to csp up --data, as it is or copied first. \
            Where one makes no copy, none is left.

            What customers do meanwhile may have left traces in the later copies that order's doesn't \
            know: csp audit names them after a restore, and Docs/backup-and-restore.md says how to undo them.

            Example: csp backup /var/backups/shop-monday
            """
    )

    @Argument(help: ArgumentHelp("A folder to be made, or one without copies in it.", valueName: "dir"))
    var directory: String

    @OptionGroup var data: DataFolderOption

    @Option(help: ArgumentHelp("How long one copy may take, in seconds or such as 10m.", valueName: "s"))
    var wait = DurationArgument(.seconds(120))

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        struct Copy: Encodable {
            var service: ServiceName
            var path: String
            var bytes: Int64?
            /// Why there is no copy.
            var problem: String?
        }

        var directory: String
        var copies: [Copy]

        var isComplete: Bool { copies.allSatisfy { $0.problem == nil } }
    }

    func run() async throws {
        let target = BackupFolder(StackFolder(path: directory))
        let client = HTTPClient()
        defer { client.shutdown() }
        let services = BackupServices(
            record: try data.folder.record(), token: try Tokens.read(from: data.folder).adminToken,
            wait: wait.duration,
            option: data.folder.option, client: client)
        var report = Report(
            directory: target.folder.path,
            copies: ServiceName.allCases.map { Report.Copy(service: $0, path: target.copy(of: $0)) })
        for index in report.copies.indices {
            let name = report.copies[index].service
            report.copies[index].problem = await services.problem(name) ?? target.problem(name)
        }
        if report.isComplete { try await fill(target, services, &report) }
        if json {
            Terminal.print(try Terminal.json(report))
        } else {
            for copy in report.copies { copy.problem.map(Terminal.error) }
            if report.isComplete { Terminal.print(report.copies.map(line).joined(separator: "\n")) }
        }
        guard report.isComplete else { throw ExitCode(1) }
        if !json {
            Terminal.print("csp up --data \(directory) runs on it; csp audit --data \(directory) checks it.")
        }
    }

    /// All copies, or none.
    private func fill(_ target: BackupFolder, _ services: BackupServices, _ report: inout Report) async throws
    {
        let made = try target.make()
        // Order is copied first: the others' later copies hold everything that it knows of.
        for index in report.copies.indices where report.isComplete {
            let copy = report.copies[index]
            do {
                report.copies[index].bytes = try await services.copy(copy.service, to: copy.path)
            } catch {
                report.copies[index].problem = error.message
            }
        }
        if report.isComplete { return }
        target.remove(made)
        for index in report.copies.indices { report.copies[index].bytes = nil }
    }

    private func line(_ copy: Report.Copy) -> String {
        let kibibytes = Double(copy.bytes ?? 0) / 1024
        let text = kibibytes < 1024 ? "\(Int(kibibytes)) KiB" : "\((kibibytes / 1024).rounded(places: 1)) MiB"
        return "\(Terminal.column(copy.service.rawValue, 14))\(Terminal.number(text, 12))  \(copy.path)"
    }
}
