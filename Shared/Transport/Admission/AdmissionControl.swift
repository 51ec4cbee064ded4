package import Contracts
import HTTPTypes
import Metrics
import NIOCore
import NIOHTTP1
package import Resilience
import ServingPath

/// A service's admission: decides about a request from its head alone, before routing.
///
/// ``RouteServer`` serves an admitted request as if there were no admission. Probes and operators' requests
/// are always admitted; in naive mode nothing is shed.
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
        case free(Admission)
        /// To be worked on when it has a permit.
        case permit(Admission)
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
    private let credentials: Credentials
    private let rates: ClientRates?
    /// The clock of the rates.
    private let time: TimeSource
    private let tooOften = Locked(0)
    private let counts = ShedCounts()

    /// - Parameters:
    ///   - service: the service that answers here.
    /// - Throws: `InvalidConfiguration` with every problem.
    package init(
        _ configuration: Configuration, service: ServiceIdentity, credentials: Credentials,
        time: TimeSource = .system
    ) throws(InvalidConfiguration) {
        self.service = service
        refusals = Refusals(service)
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

    /// - Parameters:
    ///   - route: what is known of the route that it is for.
    ///   - isService: whether it shows the services' token.
    ///   - client: its address.
    func admit(
        _ head: HTTPRequestHead, to route: AdmissionTable.Entry, isService: Bool, from client: String,
        at now: ContinuousClock.Instant
    ) -> Decision {
        let admission = Admission(
            criticality: route.criticality, budget: route.budget, isService: isService, at: now
        ) { head.headers.first(name: $0.rawName) }
        if route.isExempt { return .free(admission) }
        if let rates, !isService {
            let quota = rates.ask(client, at: time.now())
            if quota.isExceeded {
                tooOften.withLock { $0 += 1 }
                return .rateLimited(quota)
            }
        }
        guard !admission.deadline.hasPassed(at: now) else {
            refused(admission)
            return .refused(.deadlineExceeded)
        }
        return shedder == nil ? .free(admission) : .permit(admission)
    }

    func isService(_ head: HTTPRequestHead) -> Bool {
        head.headers.first(name: "authorization").map(credentials.isService) ?? false
    }

    /// Requests that were refused because their client asked too often.
    var rateLimited: Int { tooOften.withLock { $0 } }

    func refused(_ admission: Admission) { counts.count(admission.criticality) }
}

/// `csp_shed_total{criticality}`.
private struct ShedCounts: Sendable {
    private let counters = Criticality.allCases.map {
        Counter(label: "csp_shed_total", dimensions: [("criticality", $0.rawValue)])
    }

    func count(_ criticality: Criticality) { counters[criticality.priority.rank].increment() }
}
