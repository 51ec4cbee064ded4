import Contracts

/// A fault of a part of a dependency: of one operation, of the requests of one criticality, or a mild one of
/// all. The rest is expected to continue.
struct PartialFault: Equatable {
    /// Part of the experiment's name; `--only operation-` runs the whole group.
    enum Group: String, CaseIterable {
        /// Each operation broken alone.
        case operation
        /// The requests of one criticality broken alone.
        case traffic
        /// Dependencies that answer late, without errors.
        case brownout
        /// Quotes and product reads are broken or shed, beside orders.
        case quotes
    }

    struct Injected: Equatable {
        var service: String
        /// Without seed and expiry, which the experiment runner adds.
        var fault: FaultRequest
    }

    enum Expectation: Equatable {
        /// Every order is confirmed without degradation. The p99 is healthy from the first second.
        case undegraded
        /// Every order is confirmed. Orders without this optional dependency say so; if `isTotal`, all that
        /// need it do.
        case confirmedWithout(String, isTotal: Bool)
        /// Every order is confirmed, or accepted and finished later; if `isTotal`, none is confirmed
        /// undegraded.
        case accepted(isTotal: Bool)
    }

    var group: Group
    /// The experiment's name after the group: `inventory-product-500`.
    var name: String
    var injected: [Injected]
    /// `payment answers 500 to POST /payments/void`
    var words: String
    var expectation: Expectation
    /// Operations of the same dependency that have to be answered as often as before.
    var goesOn: [Operation] = []
    /// The least share of arriving orders that the queue has to finish in the same time; nil if that isn't
    /// checked.
    var finishing: Double?
    /// Orders a second; nil: as many as in the other experiments.
    var rate: Double?
    /// Quotes and reads a second.
    var reads = 20.0
    /// Whether ``SideTraffic`` runs: it causes the calls that a successful purchase doesn't make.
    var hasSideTraffic = true
    /// Product pages a second that are read from inventory directly.
    var pages = 0.0

    /// The targets, each once.
    var services: [String] {
        injected.map(\.service).reduce(into: []) { services, one in
            if !services.contains(one) { services.append(one) }
        }
    }

    var hypothesis: String {
        let orders =
            switch expectation {
            case .undegraded: "every order is confirmed with nothing missing, as fast as before"
            case .confirmedWithout(let dependency, _):
                "every order is confirmed, at worst without \(dependency), and says so"
            case .accepted: "every order is confirmed or accepted, and none is lost"
            }
        let others =
            goesOn.isEmpty
            ? "" : "; \(goesOn.map(\.name).joined(separator: ", ")) of \(services[0]) go on meanwhile"
        let queue = finishing.map {
            "; \(Int($0 * 100)) % of what is accepted is finished as fast as it comes"
        }
        return orders + others + (queue ?? "")
    }
}

/// How a part of a dependency fails.
enum PartialFailure: String {
    case failing = "500"
    case shed = "503"
    case slow
    case blackHoled = "black-hole"

    func fault(route: String? = nil, criticality: String? = nil) -> FaultRequest {
        switch self {
        case .failing: FaultRequest(route: route, criticality: criticality, kind: "error", status: 500)
        case .shed: FaultRequest(route: route, criticality: criticality, kind: "error", status: 503)
        case .slow: FaultRequest(route: route, criticality: criticality, kind: "latency", milliseconds: 2000)
        case .blackHoled: FaultRequest(route: route, criticality: criticality, kind: "black-hole")
        }
    }

    /// `coupon answers 503 to GET /coupons/{code}`
    func words(_ service: String, _ what: String) -> String {
        switch self {
        case .failing, .shed: "\(service) answers \(rawValue) to \(what)"
        case .slow: "\(service) answers \(what) 2 s late"
        case .blackHoled: "\(service) never answers \(what)"
        }
    }
}
