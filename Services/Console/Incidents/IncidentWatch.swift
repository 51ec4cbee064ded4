import Contracts
import Logging
import Resilience
import StackView

/// Turns what the console sees into incidents, once a second.
final class IncidentWatch: Sendable {
    private struct State {
        var detection: Detection
        var refusals = Refusals()
        var last: Observation?
        var sentence = ""
        var open: [Incident] = []
        var isStoreFailing = false
    }

    let store: IncidentStore
    let changes: ChangeLog
    private let state: Locked<State>
    private let time: TimeSource
    private let logger: Logger

    init(store: IncidentStore, changes: ChangeLog, time: TimeSource, logger: Logger) {
        self.store = store
        self.changes = changes
        self.time = time
        self.logger = logger
        state = Locked(State(detection: Detection(started: time.now())))
    }

    /// The oldest first, as of the last look.
    var open: [Incident] { state.withLock { $0.open } }
    /// Who calls whom, as it was last seen.
    var graph: PathGraph { state.withLock { $0.last?.graph } ?? PathGraph([]) }

    /// - Parameters:
    ///   - degraded: the newest degraded orders.
    ///   - sentence: what customers get now.
    func observe(_ dashboard: Dashboard, degraded: [OrderDocument], sentence: String) async {
        changes.observe(dashboard)
        let (observation, refused) = state.withLock { state in
            let observation = state.detection.observe(dashboard, degraded: degraded, at: time.now())
            state.refusals.add(dashboard.totals.unserved, at: dashboard.at)
            state.last = observation
            state.sentence = sentence
            return (observation, state.refusals.counts)
        }
        do {
            let changed = try await store.observe(
                observation, sentence: sentence, changes: changes.entries, refused: refused)
            tell(changed)
            let open = try await store.open()
            state.withLock { state in
                state.isStoreFailing = false
                state.open = open
            }
        } catch {
            let isNew = state.withLock { state in
                defer { state.isStoreFailing = true }
                return !state.isStoreFailing
            }
            if isNew { logger.error("incidents can't be recorded", metadata: ["error": "\(error)"]) }
        }
    }

    /// - Throws: ``IncidentStore/TooMany``.
    func receive(_ payload: AlertPayload, at now: Timestamp) async throws {
        let (last, sentence) = state.withLock { ($0.last, $0.sentence) }
        var observation =
            last ?? Observation(at: now, graph: PathGraph([]), present: [], isSettled: false)
        observation.at = now
        tell(
            try await store.receive(
                payload.alerts, leftOut: payload.truncatedAlerts ?? 0, seen: observation, sentence: sentence,
                changes: changes.entries))
    }

    /// A line for each incident that opens, becomes more urgent or ends.
    func tell(_ changes: [IncidentChange]) {
        for change in changes {
            let incident = change.incident
            let hasMoved = change.before?.status != incident.status
            guard hasMoved || change.before?.priority != incident.priority else { continue }
            logger.log(
                level: incident.status.isOpen ? .warning : .notice, "incident \(incident.status.rawValue)",
                metadata: [
                    "incident": "\(incident.id)", "priority": "\(incident.priority.rawValue)",
                    "cause": "\(incident.cause)", "title": "\(incident.title)",
                ])
        }
    }
}
