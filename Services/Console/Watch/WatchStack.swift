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
    let paths: PathStore
    let incidents: IncidentWatch
    let status: StatusBoard
    let time: TimeSource
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known = await knownPath()
            var watching = Watching(declared: known.path)
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
                    await incidents.observe(dashboard, degraded: degraded, sentence: sentence.en)
                    await status.observe(
                        dashboard, sentence, open: incidents.open, since: known.since)
                    // Where it can't be written that is tried again with the next look; the store says why.
                    if watching.declared != known.path,
                        let kept = try? await paths.save(watching.declared, at: dashboard.at)
                    {
                        known = kept
                    }
                } catch {
                    logger.error("the stack could not be read", metadata: ["error": "\(error)"])
                }
                next = max(next.advanced(by: Self.interval), time.now())
                try? await time.sleep(time.now().duration(to: next))
            }
        }
        board.close()
    }

    /// For a start while the services don't answer.
    private func knownPath() async -> PathStore.Known {
        do {
            return try await paths.known()
        } catch {
            logger.error("the declared path can't be read", metadata: ["error": "\(error)"])
            return PathStore.Known()
        }
    }
}
