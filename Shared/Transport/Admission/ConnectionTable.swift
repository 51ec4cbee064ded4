/// Which connections are open, and which one ends when there are too many: the pure half of ``Connections``.
///
/// A new connection is preferred to an idle one, which is ended for it: first those that never asked for
/// anything, then those that have been silent for longest. A connection that has shown the services' token is
/// never ended. When every connection is in use, ``Limits/reserve`` more are accepted, for services and
/// probes, which their first request shows; beyond that a connection is closed at once.
struct ConnectionTable {
    struct Limits: Sendable, Equatable {
        var total: Int
        /// Of one client address; services aren't counted.
        var perClient: Int
        /// Above `total`.
        var reserve: Int
    }

    typealias ID = UInt64

    private struct Entry {
        var client: String
        var isBusy = false
        var isService = false
        /// Whether a whole request came on it.
        var hasAsked = false
        /// When it was opened or last fell silent, by the table's count of events.
        var silentSince: UInt64
    }

    let limits: Limits
    private var entries: [ID: Entry] = [:]
    private var counts: [String: Int] = [:]
    private var events: UInt64 = 0

    init(limits: Limits) { self.limits = limits }

    var count: Int { entries.count }

    /// Adds a connection of `client`.
    /// - Returns: its id, or nil where there is no room; and the connection that has to end for it, if any.
    mutating func open(_ client: String) -> (id: ID?, ends: ID?) {
        var ends: ID?
        if counts[client, default: 0] >= limits.perClient {
            ends = longestSilent(of: client)
        } else if entries.count >= limits.total {
            ends = longestSilent()
        }
        if let ends { close(ends) }
        guard entries.count < limits.total + limits.reserve else { return (nil, nil) }
        events += 1
        entries[events] = Entry(client: client, silentSince: events)
        counts[client, default: 0] += 1
        return (events, ends)
    }

    /// A whole request has come. False if the connection was ended meanwhile: then nothing is begun on it.
    @discardableResult
    mutating func begin(_ id: ID) -> Bool {
        guard entries[id] != nil else { return false }
        entries[id]?.isBusy = true
        entries[id]?.hasAsked = true
        return true
    }

    /// The request was answered.
    mutating func end(_ id: ID) {
        events += 1
        entries[id]?.isBusy = false
        entries[id]?.silentSince = events
    }

    /// The connection has shown the services' token.
    mutating func isService(_ id: ID) {
        guard let entry = entries[id], !entry.isService else { return }
        entries[id]?.isService = true
        uncount(entry.client)
    }

    /// Whether a connection is open only because of the reserve, or its client has more than its limit.
    func isBeyondLimits(_ id: ID) -> Bool {
        guard let entry = entries[id], !entry.isService else { return false }
        return entries.count > limits.total || counts[entry.client, default: 0] > limits.perClient
    }

    mutating func close(_ id: ID) {
        guard let entry = entries.removeValue(forKey: id), !entry.isService else { return }
        uncount(entry.client)
    }

    /// Ends the least useful connection, to have its descriptor back.
    mutating func endOne() -> ID? {
        let id = longestSilent()
        if let id { close(id) }
        return id
    }

    private mutating func uncount(_ client: String) {
        counts[client, default: 0] -= 1
        if counts[client] == 0 { counts[client] = nil }
    }

    /// Checks every connection, for about 10 ns each: less than accepting one costs.
    private func longestSilent(of client: String? = nil) -> ID? {
        var found: (id: ID, entry: Entry)?
        for (id, entry) in entries where !entry.isBusy && !entry.isService {
            if let client, entry.client != client { continue }
            if let best = found?.entry,
                (best.hasAsked ? 1 : 0, best.silentSince) < (entry.hasAsked ? 1 : 0, entry.silentSince)
            {
                continue
            }
            found = (id, entry)
        }
        return found?.id
    }
}
