import ArgumentParser
import Contracts
import Foundation
import StackView
import Transport

struct Up: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the services and wait until they are ready.",
        discussion: """
            Stays in the foreground and says when a service dies; Ctrl-C stops all of them. Nothing restarts \
            by itself.
            The services get this command's environment (LOG_LEVEL, ORDER_BUDGET, …; see order --help).
            If a store has lost acknowledged writes, its service says what is missing and nothing is \
            started, except with --accept-loss.

            Example: csp up --ports 9000 --detach
            """
    )

    @OptionGroup var data: DataFolderOption

    @Option(
        help: ArgumentHelp(
            ServiceName.allCases.map { "\($0) listens on BASE+\($0.portOffset)" }.joined(separator: ", ")
                + ".",
            valueName: "base"))
    var ports = ServiceName.basePort

    @Flag(help: "Return once all are ready; csp down stops them.")
    var detach = false

    @OptionGroup var loss: AcceptLossFlag

    func validate() throws {
        guard (1...65_530).contains(ports) else {
            throw ValidationError("--ports must be from 1 to 65530, not \(ports)")
        }
    }

    func run() async throws {
        let begin = ContinuousClock.now
        let signals = StopSignals()
        let sources = signals.watch()
        defer { for source in sources { source.cancel() } }
        let client = HTTPClient()
        defer { client.shutdown() }
        let folder = data.folder
        try folder.prepare()
        let tokens = try Tokens.establish(in: folder, environment: ProcessInfo.processInfo.environment)
        let launch = Launch(folder: folder, tokens: tokens, client: client, acceptsLoss: loss.isGiven) {
            signals.count > 0
        }
        let new = StackRecord.new(
            ports: ports, seedFolder: try Paths.seedFolder(), environment: ProcessInfo.processInfo.environment
        )
        let (record, started) = try folder.locked { try launch.spawnAll(new) }
        do {
            try await launch.waitUntilReady(started)
        } catch {
            await stop(folder, record, signals)
            if error is Launch.Interrupted { return }
            throw error
        }
        welcome(record, folder, after: ContinuousClock.now - begin)
        if !detach { try await watch(folder, record, signals) }
    }

    private func welcome(_ record: StackRecord, _ folder: StackFolder, after duration: Duration) {
        let lines = record.services.map {
            "  \(Terminal.column($0.name.rawValue, 14))\(Terminal.column($0.url, 24))pid \($0.process.pid)"
        }
        let option = folder.option
        let suggestions = [
            (record[.console]?.url ?? "", "in a browser: the path, live"),
            ("csp place\(option)", "place one order"),
            ("csp kill coupon\(option)", "break something, place again, and read the difference"),
            ("csp start coupon\(option)", "bring it back; what is owed is made good"),
            ("csp load --replay\(option)", "2,000 real baskets"),
            ("csp audit\(option)", "check that nothing was lost, charged twice or oversold"),
        ]
        let width = (suggestions.map(\.0.count).max() ?? 0) + 3
        Terminal.print(
            """
            \(Terminal.coloured("The stack is up", .green)) after \(duration.seconds.rounded(places: 1)) s.
            \(lines.joined(separator: "\n"))

            data  \(folder.path)
            logs  \(folder.logs)
            Customers aren't authenticated: this is for one machine, not for an open network.

            Try next\(detach ? "" : ", in another terminal"):
            \(suggestions.map { "  \(Terminal.column($0.0, width))\($0.1)" }.joined(separator: "\n"))

            \(detach ? "csp down\(option) stops all of it." : "Ctrl-C stops all of it.")
            """)
    }

    private func watch(_ folder: StackFolder, _ record: StackRecord, _ signals: StopSignals) async throws {
        var watch = Watch(folder: folder, record: record)
        switch try await watch.run(signals) {
        case .signal:
            Terminal.note("stopping; Ctrl-C again kills at once")
            await stop(folder, record, signals)
            Terminal.print("The stack is down.")
        case .down: Terminal.print("The stack is down.")
        case .replaced: Terminal.print("Another stack has taken \(folder.path) over.")
        case .folderIsGone:
            await stop(folder, record, signals)
            throw Failure("\(folder.path)/stack.json is gone; the stack was stopped")
        }
    }

    /// Stops this `up`'s own stack, with the services that `csp start` has restarted; not a newer stack of
    /// the same folder.
    private func stop(_ folder: StackFolder, _ record: StackRecord, _ signals: StopSignals) async {
        let current = try? folder.locked {
            var current = try folder.record()
            guard current.instance == record.instance else { return record }
            current.stopping = true
            try? folder.write(current)
            return current
        }
        let before = signals.count
        // Where the folder is gone, the services of the first record are stopped.
        _ = await (current ?? record).stop { signals.count > before }
    }
}
