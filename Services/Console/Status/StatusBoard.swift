import Contracts
import Foundation
import Logging
import Resilience
import StackView

/// The status as of the last look, for the page and its file.
final class StatusBoard: Sendable {
    /// The file is written this often even if nothing changes: it carries its time.
    private static let pace: Duration = .seconds(30)
    private static let kept: Duration = .seconds(90 * 86_400)

    private struct State {
        var status: StatusDocument?
        /// Those that are over, the oldest first.
        var past: [Incident] = []
        var open: Set<String> = []
        var readAt: ContinuousClock.Instant?
        var writtenAt: ContinuousClock.Instant?
        var isFailing = false
    }

    private let store: IncidentStore
    /// Nil: there is no file.
    private let file: String?
    private let time: TimeSource
    private let logger: Logger
    private let gauges = IncidentGauges()
    private let state = Locked(State())

    init(store: IncidentStore, file: String?, time: TimeSource, logger: Logger) {
        self.store = store
        self.file = file
        self.time = time
        self.logger = logger
    }

    /// Nil before the first look.
    var status: StatusDocument? { state.withLock { $0.status } }

    /// - Parameters:
    ///   - open: the incidents that go on.
    ///   - since: since when the stack is watched; nil where no service ever answered.
    func observe(
        _ dashboard: Dashboard, _ sentence: Sentence, open: [Incident], since: Timestamp?
    ) async {
        let past = await past(at: dashboard.at, open: Set(open.map(\.id)))
        let known = (past + open).sorted { $0.id < $1.id }
        gauges.set(known)
        let status = StatusDocument(dashboard, sentence, known: known, since: since)
        let now = time.now()
        let isDue = state.withLock { state in
            var before = state.status
            before?.at = status.at
            state.status = status
            let isOld = state.writtenAt.map { $0.duration(to: now) >= Self.pace } ?? true
            guard before != status || isOld else { return false }
            state.writtenAt = now
            return true
        }
        if isDue, let file { write(status, to: file) }
    }

    /// Read anew when an incident begins or ends, and now and then, since people change them too.
    private func past(at wall: Timestamp, open: Set<String>) async -> [Incident] {
        let now = time.now()
        let known = state.withLock { state -> [Incident]? in
            let isFresh = state.readAt.map { $0.duration(to: now) < Self.pace } ?? false
            return isFresh && state.open == open ? state.past : nil
        }
        if let known { return known }
        // Without its store it still says how things are now.
        let read = try? await store.detected(
            from: wall.advanced(by: .zero - Self.kept), to: wall.advanced(by: .seconds(1)))
        return state.withLock { state in
            state.readAt = now
            state.open = open
            if let read { state.past = read.filter { !$0.status.isOpen } }
            return state.past
        }
    }

    /// Renamed into place: a web server never reads half of it.
    private func write(_ status: StatusDocument, to file: String) {
        let html = StatusPage(status: status).html(Language.allCases.map(\.rawValue))
        do {
            try Data(html.utf8).write(to: URL(filePath: file), options: .atomic)
            state.withLock { $0.isFailing = false }
        } catch {
            let isNew = state.withLock { state in
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNew {
                logger.error("the status page can't be written", metadata: ["error": "\(error)"])
            }
        }
    }
}
