import ArgumentParser
import StackView
import Transport

struct Start: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a dead service again and wait until it is ready.",
        discussion: """
            It gets the port, data and environment that csp up gave it. A service whose store has lost \
            acknowledged writes (a deleted log, an older copy) ends at once and says what is missing; \
            --accept-loss goes on without it.

            Example: csp start coupon
            """
    )

    @OptionGroup var data: DataFolderOption
    @OptionGroup var argument: ServiceArgument
    @OptionGroup var loss: AcceptLossFlag

    func run() async throws {
        let name = argument.service
        let folder = data.folder
        _ = try folder.record()
        let client = HTTPClient()
        defer { client.shutdown() }
        let launch = Launch(
            folder: folder, tokens: try Tokens.read(from: folder), client: client, acceptsLoss: loss.isGiven)
        let started = try launch.spawnAgain(name)
        guard let started else {
            let isFrozen = try folder.record()[name]?.process.activity == .stopped
            let hint = isFrozen ? ", frozen; csp thaw \(name)\(folder.option) lets it go on" : ""
            return Terminal.print("\(name) is running already\(hint).")
        }
        try await launch.waitUntilReady([started])
        Terminal.print("\(name) is ready at \(started.service.url) (pid \(started.service.process.pid)).")
    }
}
