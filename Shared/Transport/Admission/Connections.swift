import Metrics
import NIOCore
import Resilience

/// The open connections of a service: never more than its descriptors allow, whatever its clients do.
final class Connections: Sendable {
    private struct State {
        var table: ConnectionTable
        var channels: [ConnectionTable.ID: any Channel] = [:]
    }

    private let state: Locked<State>
    private let ended = Counter(label: "csp_connections_ended_total")

    init(limits: ConnectionTable.Limits) {
        state = Locked(State(table: ConnectionTable(limits: limits)))
    }

    var count: Int { state.withLock { $0.table.count } }

    /// Adds a connection, and ends another one for it where it must.
    /// - Returns: nil where there is no room for it.
    func open(_ channel: any Channel, of client: String) -> ConnectionTable.ID? {
        let (id, other) = state.withLock { state -> (ConnectionTable.ID?, (any Channel)?) in
            let (id, ends) = state.table.open(client)
            if let id { state.channels[id] = channel }
            return (id, ends.flatMap { state.channels.removeValue(forKey: $0) })
        }
        end(other)
        return id
    }

    func begin(_ id: ConnectionTable.ID) -> Bool { state.withLock { $0.table.begin(id) } }

    func end(_ id: ConnectionTable.ID) { state.withLock { $0.table.end(id) } }

    func isService(_ id: ConnectionTable.ID) { state.withLock { $0.table.isService(id) } }

    func isBeyondLimits(_ id: ConnectionTable.ID) -> Bool { state.withLock { $0.table.isBeyondLimits(id) } }

    func close(_ id: ConnectionTable.ID) {
        state.withLock { state in
            state.table.close(id)
            state.channels[id] = nil
        }
    }

    /// The process has no descriptor left: one of its connections is ended to free one.
    func endOne() {
        end(
            state.withLock { state in state.table.endOne().flatMap { state.channels.removeValue(forKey: $0) }
            })
    }

    private func end(_ channel: (any Channel)?) {
        guard let channel else { return }
        ended.increment()
        channel.close(promise: nil)
    }
}
