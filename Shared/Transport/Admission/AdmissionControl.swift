package import Contracts
import Metrics
import NIOCore
import NIOHTTP1
package import Resilience
import ServingPath

/// A service's admission: decides about a request from its head alone, before routing.
///
/// ``RouteServer`` serves an admitted request as if there were no admission. Probes and operators' requests
/// are always admitted; in naive mode the shedder admits everything.
package final class AdmissionControl: Sendable {
    package struct Configuration: Sendable {
        /// Nil: nothing is shed.
        package var shedder: Shedder?
        /// Requests a second that one client may make; 0: any number.
        package var rate: Int
        /// Requests that one client may make at once after a quiet time.
        package var burst: Int
        package var connections: ConnectionLimits
        /// How long a connection may be silent between two requests.
        package var idleTimeout: Duration
        /// How long the head of a request may take to arrive, and then its body; how long a client may stop
        /// reading its answer.
        package var requestTimeout: Duration

        package init(
            shedder: Shedder?, rate: Int = 0, burst: Int = 1,
            connections: ConnectionLimits = ConnectionLimits(),
            idleTimeout: Duration = .seconds(60), requestTimeout: Duration = .seconds(10)
        ) {
            self.shedder = shedder
            self.rate = rate
            self.burst = burst
            self.connections = connections
            self.idleTimeout = idleTimeout
            self.requestTimeout = requestTimeout
        }
    }

    /// The decision about a request.
    enum Decision {
        /// To be worked on at once, without a permit.
        case free
        /// To be worked on when it has a permit.
        case permit(Shedder.Request)
        case refused(Refusals.Reason)
        case rateLimited(ClientRates.Quota)
    }

    let shedder: Shedder?
    /// Named in every answer.
    let service: ServiceIdentity
    let refusals: Refusals
    let connections: Connections
    let idleTimeout: TimeAmount
    let requestTimeout: TimeAmount
    private let table: AdmissionTable
    private let credentials: Credentials
    private let rates: ClientRates?
    /// The clock of the rates.
    private let time: TimeSource
    private let tooOften = Locked(0)
    private let counts = ShedCounts()

    /// - Parameters:
    ///   - service: the service that answers here.
    ///   - routes: the routes that are shed when there is too much to do.
    ///   - exempt: first segments of paths that are never shed, such as `csp`: probes and operators'
    ///     requests.
    /// - Throws: `InvalidConfiguration` with every problem.
    package init(
        _ configuration: Configuration, service: ServiceIdentity, routes: [Route], exempt: [String],
        credentials: Credentials,
        time: TimeSource = .system
    ) throws(InvalidConfiguration) {
        self.service = service
        refusals = Refusals(service)
        table = AdmissionTable(routes, exempt: exempt)
        self.credentials = credentials
        self.time = time
        connections = Connections(limits: configuration.connections.table)
        idleTimeout = TimeAmount(configuration.idleTimeout)
        requestTimeout = TimeAmount(configuration.requestTimeout)
        shedder = configuration.shedder
        rates =
            configuration.rate > 0
            ? try ClientRates(rate: configuration.rate, burst: configuration.burst, now: time.now()) : nil
    }

    /// - Parameter client: its address.
    func admit(_ head: HTTPRequestHead, from client: String, at now: ContinuousClock.Instant) -> Decision {
        guard let entry = table.entry(head.method, head.uri) else { return .free }
        let given = head.headers.first(name: "csp-criticality").flatMap(Criticality.init(rawValue:))
        let isService = (given != nil || rates != nil) && self.isService(head)
        if let rates, !isService {
            let quota = rates.ask(client, at: time.now())
            if quota.isExceeded {
                tooOften.withLock { $0 += 1 }
                return .rateLimited(quota)
            }
        }
        let criticality = entry.criticality.asked(given, byService: isService)
        let budget = entry.budget.shortened(to: head.headers.first(name: "csp-deadline-ms"))
        guard budget > .zero else {
            counts.count(criticality)
            return .refused(.deadlineExceeded)
        }
        guard shedder != nil else { return .free }
        return .permit(Shedder.Request(criticality.priority, deadline: .after(budget, from: now)))
    }

    func isService(_ head: HTTPRequestHead) -> Bool {
        head.headers.first(name: "authorization").map(credentials.isService) ?? false
    }

    /// Requests that were refused because their client asked too often.
    var rateLimited: Int { tooOften.withLock { $0 } }

    func refused(_ request: Shedder.Request) { counts.count(Criticality(Priority(rank: request.rank))) }
}

/// `csp_shed_total{criticality}`.
private struct ShedCounts: Sendable {
    private let counters = Criticality.allCases.map {
        Counter(label: "csp_shed_total", dimensions: [("criticality", $0.rawValue)])
    }

    func count(_ criticality: Criticality) { counters[criticality.priority.rank].increment() }
}

extension Criticality {
    /// A service's header is believed; any other caller can only lower the route's criticality.
    func asked(_ given: Criticality?, byService isService: Bool) -> Criticality {
        guard let given else { return self }
        return isService ? given : min(given, self)
    }
}

extension Duration {
    /// The smaller of a route's budget and the caller's, in milliseconds; a header that isn't a number
    /// doesn't count.
    func shortened(to header: String?) -> Duration {
        guard let given = header.flatMap(Int.init) else { return self }
        return min(self, .milliseconds(min(max(given, 0), 86_400_000)))
    }
}
