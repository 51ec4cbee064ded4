import Contracts

/// How many connections a service has open at once.
package struct ConnectionLimits: Sendable, Equatable {
    package static let most = 4096

    /// Beyond it, the connection that has been silent for longest ends for each new one.
    package var total: Int
    /// Of one client address; services, which show their token, aren't counted.
    package var perClient: Int
    /// Above the total: for services and probes, when every connection is in use.
    package var reserve: Int

    /// What a service may have open beside its connections: 128 connections to each of the other services,
    /// its store's files, its logs and pipes.
    private static let own = (ServiceName.allCases.count - 1) * 128 + 64

    /// As much of `total` as there are descriptors for.
    /// - Parameters:
    ///   - perClient: nil for three quarters of the total, which leaves a quarter to all others.
    ///   - descriptors: of the whole process. If they are few, 7 of 16 are for connections.
    package init(total: Int = most, perClient: Int? = nil, descriptors: Int = .max) {
        let room = max(16, descriptors - min(Self.own, descriptors / 16 * 9))
        self.total = min(total, room / 16 * 15)
        self.perClient = min(perClient ?? .max, max(1, self.total / 4 * 3))
        reserve = min(256, room - room / 16 * 15)
    }

    var table: ConnectionTable.Limits { .init(total: total, perClient: perClient, reserve: reserve) }
}
