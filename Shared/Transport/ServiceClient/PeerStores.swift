package import Contracts
import Foundation
import Resilience

/// How far the stores of other services had come when this one last heard of them, so that a store that was
/// replaced as a whole, its counter too, is still known to be older.
///
/// Services tell each other with each call and its answer (``ServiceStore/header``). It is kept in
/// `peers.json` of the data folder, a second late: it is lost with the folder, and never keeps a service from
/// starting.
package final class PeerStores: Sendable {
    private static let timeBetweenSaves = DispatchTimeInterval.seconds(1)

    private struct State {
        /// Nil until the service has its store.
        var own: (@Sendable () -> ServiceStore)?
        var path: String?
        var record: PeerRecord?
        var seen: [String: StoreMark] = [:]
        var isSaveDue = false
    }

    private let state = Locked(State())
    private let queue = DispatchQueue(label: "peers", qos: .utility)

    package init() {}

    /// Reads what was learned before.
    ///
    /// - Parameters:
    ///   - folder: the data folder, which this process holds.
    ///   - own: the mark of this service's store.
    package func begin(in folder: String, own: @escaping @Sendable () -> ServiceStore) {
        let path = folder + "/peers.json"
        let kept =
            FileManager.default.contents(atPath: path).flatMap {
                try? JSON.decode([ServiceStore].self, from: $0)
            } ?? []
        state.withLock { state in
            state.own = own
            state.path = path
            for peer in kept { state.seen[peer.service] = peer.store }
        }
    }

    /// The same with another kind of record.
    package func begin(with record: PeerRecord, own: @escaping @Sendable () -> ServiceStore) {
        state.withLock { state in
            state.own = own
            state.record = record
            for peer in record.kept { state.seen[peer.service] = peer.store }
        }
    }

    /// The header with this service's mark; nil until it has a store.
    package var header: String? { state.withLock { $0.own }.map { "\($0())" } }

    /// The latest mark of each other service, by name.
    package var seen: [ServiceStore] {
        state.withLock { $0.seen }.map { ServiceStore(service: $0.key, store: $0.value) }.sorted {
            $0.service < $1.service
        }
    }

    /// The latest mark of one other service; nil: none is known yet.
    package func store(of service: String) -> StoreMark? { state.withLock { $0.seen[service] } }

    /// Keeps another service's mark, unless a later one is known.
    ///
    /// - Parameter header: a value of ``ServiceStore/header``; any other text is ignored.
    package func hear(_ header: String) {
        guard let said = ServiceStore(header) else { return }
        let (mustSchedule, record) = state.withLock { state -> (Bool, PeerRecord?) in
            let known = state.seen[said.service]
            guard known != said.store, known.map({ !said.store.lacks($0) }) ?? true else {
                return (false, nil)
            }
            state.seen[said.service] = said.store
            if let record = state.record { return (false, record) }
            defer { state.isSaveDue = true }
            return (!state.isSaveDue, nil)
        }
        record?.keep(seen)
        if mustSchedule {
            queue.asyncAfter(deadline: .now() + Self.timeBetweenSaves) { [weak self] in self?.write() }
        }
    }

    /// Writes what was learned since the last time, and returns when it is written.
    package func save() { queue.sync { write() } }

    private func write() {
        let (path, seen) = state.withLock { state in
            defer { state.isSaveDue = false }
            return (state.isSaveDue ? state.path : nil, state.seen)
        }
        let peers = seen.map { ServiceStore(service: $0.key, store: $0.value) }.sorted {
            $0.service < $1.service
        }
        guard let path, let text = try? JSON.encode(peers) else { return }
        // If writing fails, it is tried again with the next change.
        if FileManager.default.createFile(
            atPath: path + ".new", contents: text, attributes: [.posixPermissions: 0o600])
        {
            rename(path + ".new", path)
        }
    }
}
