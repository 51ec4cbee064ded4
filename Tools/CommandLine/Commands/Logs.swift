import ArgumentParser
import Contracts
import Foundation

/// `csp logs`.
struct Logs: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what the services have logged, in the order of time.",
        discussion: """
            Of all services, or of one; with --order only what names that order. --follow goes on with what \
            is logged from now on, until Ctrl-C. LOG_FORMAT=json csp up makes each line an object.

            Example: csp logs order
            Example: csp logs --order ord_01JZ7C2K9M4N5P6Q7R8S9T71XX
            Example: csp logs --follow
            """
    )

    private static let pause: Duration = .milliseconds(200)

    @OptionGroup var data: DataFolderOption

    @Argument(help: "\(ServiceName.list); all if left out.")
    var service: ServiceName?

    @Option(help: ArgumentHelp("Only lines that name this order.", valueName: "id"))
    var order: String?

    @Flag(help: "Go on with what is logged from now on.")
    var follow = false

    func run() async throws {
        let folder = data.folder
        let names = service.map { [$0] } ?? ServiceName.allCases
        guard names.contains(where: { FileManager.default.fileExists(atPath: folder.log(of: $0)) }) else {
            throw Failure("there are no logs in \(folder.logs)")
        }
        let readers = names.map { LogReader(path: folder.log(of: $0)) }
        let signals = StopSignals()
        let sources = signals.watch()
        defer { for source in sources { source.cancel() } }
        repeat {
            let lines = LogEntry.merged(readers.map { $0.lines() }).map(\.text)
                .filter { line in order.map { line.contains($0) } ?? true }
            if !lines.isEmpty, !Terminal.isRead(lines.joined(separator: "\n")) { return }
            if follow { await signals.wait(upTo: Self.pause) }
        } while follow && signals.count == 0
    }
}
