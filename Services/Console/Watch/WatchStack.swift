import Contracts
import Logging
import Resilience
import Runtime
import ServiceLifecycle
import StackView

/// Reads all services once a second, however many look at the page.
struct WatchStack: Service {
    private static let interval: Duration = .seconds(1)

    let poller: Poller
    let mode: CommonConfiguration.Mode
    let control: String
    let board: Board
    let incidents: IncidentWatch
    let status: StatusBoard
    let time: TimeSource
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var watching = await Watching(declared: incidents.path())
            var telling = Telling(mode: mode, control: control)
            var next = time.now()
            while !Task.isCancelled {
                do {
                    let dashboard = watching.dashboard(
                        try await poller.snapshot(following: watching.following))
                    let degraded = watching.degraded
                    let sentence = telling.sentence(dashboard, degraded: degraded)
                    try board.publish(
                        telling.snapshot(
                            dashboard, sentence, degraded: degraded, incidents: incidents.open))
                    await incidents.observe(
                        dashboard, path: watching.declared, degraded: degraded, sentence: sentence.en)
                    await status.observe(
                        dashboard, sentence, open: incidents.open, since: incidents.since)
                } catch {
                    logger.error("the stack could not be read", metadata: ["error": "\(error)"])
                }
                next = max(next.advanced(by: Self.interval), time.now())
                try? await time.sleep(time.now().duration(to: next))
            }
        }
        board.close()
    }
}
