import Contracts
import Resilience
import StackView

/// What was changed lately: faults, processes, and what the console was told to do. Most outages begin with a
/// change.
final class ChangeLog: Sendable {
    fileprivate struct State {
        static let kept = 100

        var entries: [Incident.Entry] = []
        var faults: [ServiceName: [FaultRequest]] = [:]
        var processes: [ServiceName: Int32] = [:]
    }

    private let state = Locked(State())

    /// The newest last.
    var entries: [Incident.Entry] { state.withLock { $0.entries } }

    func add(_ text: String, by: String = Incident.console, at: Timestamp) {
        state.withLock { $0.add(text, by: by, at: at) }
    }

    /// Compares with what was seen before.
    func observe(_ dashboard: Dashboard) {
        state.withLock { state in
            for service in dashboard.services { state.observe(service, at: dashboard.at) }
        }
    }
}

extension ChangeLog.State {
    fileprivate mutating func add(_ text: String, by: String = Incident.console, at: Timestamp) {
        entries.append(Incident.Entry(at: at, kind: .change, text: text, by: by))
        if entries.count > Self.kept { entries.removeFirst() }
    }

    fileprivate mutating func observe(_ service: Dashboard.Service, at: Timestamp) {
        if let faults = service.faults?.map(\.fault) {
            let before = self.faults[service.name] ?? []
            for fault in faults where !before.contains(fault) {
                add("fault on \(service.name): \(fault.words)", at: at)
            }
            for fault in before where !faults.contains(fault) {
                add("fault on \(service.name) is gone: \(fault.words)", at: at)
            }
            self.faults[service.name] = faults
        }
        guard let pid = service.pid, processes[service.name] != pid else { return }
        if processes[service.name] != nil { add("\(service.name) was started", at: at) }
        processes[service.name] = pid
    }
}

extension FaultRequest {
    /// `error 503, 50 % of POST /payments`.
    fileprivate var words: String {
        let what = [
            kind, status.map { "\($0)" },
            milliseconds.flatMap { $0 > 0 ? "\($0) ms" : nil },
        ].compactMap { $0 }.joined(separator: " ")
        let share = percent.map { "\(Int($0)) % of " } ?? ""
        return "\(what), \(share)\(route ?? "all requests")"
    }
}
