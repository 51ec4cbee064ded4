package import Contracts
import Metrics
import NIOCore
import NIOHTTP1
package import Resilience
import ServingPath

/// A service's door: what becomes of a request is decided here from its head alone, before anything is made
/// of it.
///
/// Whoever is let in is worked on by ``RouteServer`` as if there were no door. Probes and what operators ask
/// always are; so is everything, as far as the shedder goes, in naive mode.
package final class AdmissionControl: Sendable {
    package struct Configuration: Sendable {
        /// Nil: nothing is shed.
        package var shedder: Shedder?
        /// Requests a second that one client may make; 0: any number.
        package var rate: Int
        /// Requests that one client may make at once after a quiet time.
        package var burst: Int
        package var connections: ConnectionLimits
        /// How long a connection may say nothing between two requests.
        package var idleTimeout: Duration
        /// How long the head of a request may take to arrive, and then its body; how long a client may read
        /// nothing of its answer.
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

    /// What becomes of a request.
    enum Decision {
        /// To be worked on, whatever else is going on.
        case free
        /// To be worked on when it has a place.
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
    /// Of the rates.
    private let time: TimeSource
    private let tooOften = Locked(0)
    private let counts = ShedCounts()

    /// - Parameters:
    ///   - service: whose answers go out here.
    ///   - routes: what is shed when there is too much to do.
    ///   - exempt: what paths begin with that never are, as `csp`: probes, and what operators ask.
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
    /// Services are believed; anybody else can only lower what the route says.
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
