import ArgumentParser
import Contracts
import Foundation
import StackView
import Transport

/// `csp watch`.
struct WatchCommand: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a live dashboard of the stack, once a second.",
        discussion: """
            Orders by outcome, each service, each dependency of order with its breaker, what is shed, the \
            queues, and what happened lately. Rates and latencies are those of the last three seconds; of a \
            service that doesn't answer they are unknown, and so are the breakers while order doesn't; the \
            age says since when. LATELY is drawn from the newest 50 orders each second. Ctrl-C ends it.
            With --url, order alone is watched.

            Where stdout isn't a terminal, the dashboard is printed once a second as plain text, until the \
            reader is gone. With --once the exit code is 1 if a service doesn't answer.

            Example: csp watch
            Example: csp watch --once
            Example: csp watch --json | jq '.dependencies[] | {name, breaker}'
            """
    )

    @OptionGroup var data: DataFolderOption

    @OptionGroup var order: OrderURLOption

    @Flag(help: "Show the dashboard of one second, and end.")
    var once = false

    @Flag(help: "Print JSON, an object a line.")
    var json = false

    func run() async throws {
        let client = HTTPClient(maximumBodyBytes: 16 << 20)
        defer { client.shutdown() }
        let (url, folder) = (order.given, data.folder)
        let poller = Poller(client: client) {
            if let url { return [StackSnapshot.Service(.order, at: url)] }
            return try folder.reachable().services.map(StackSnapshot.Service.init)
        }
        let signals = StopSignals()
        let sources = signals.watch()
        defer { for source in sources { source.cancel() } }
        let screen = Screen.isThere && !json && !once ? Screen() : nil
        let resized = screen?.begin()
        defer {
            resized?.cancel()
            screen?.end()
        }
        try await watch(poller, signals, screen)
    }

    /// Shows the dashboard once a second, however long the services take to answer.
    private func watch(_ poller: Poller, _ signals: StopSignals, _ screen: Screen?) async throws {
        var watching = Watching()
        var next = ContinuousClock.now
        var snapshots = 0
        while signals.count == 0 {
            let dashboard = watching.dashboard(try await poller.snapshot(following: watching.following))
            snapshots += 1
            // Rates need two snapshots.
            if !once || snapshots == 2 { guard try show(dashboard, screen) else { return } }
            if once, snapshots == 2 {
                if dashboard.services.contains(where: { !$0.state.isUp }) { throw ExitCode(1) }
                return
            }
            next = max(next.advanced(by: .seconds(1)), .now)
            await signals.wait(upTo: ContinuousClock.now.duration(to: next))
        }
    }

    /// False once stdout has no reader any more.
    private func show(_ dashboard: Dashboard, _ screen: Screen?) throws -> Bool {
        if json { return Terminal.isRead(try Terminal.jsonLine(dashboard)) }
        let place = order.given ?? data.folder.path
        let view = { @Sendable (width: Int) in
            DashboardView(dashboard: dashboard, width: width, place: place, zone: .current)
        }
        if let screen {
            screen.show { view($0.width).lines(height: $0.height) }
            return true
        } else {
            let width = Screen.isThere ? Screen.size.width : 120
            let lines = view(width).lines()
            return Terminal.isRead(
                lines.map { Terminal.coloured($0) }.joined(separator: "\n") + (once ? "" : "\n"))
        }
    }
}
