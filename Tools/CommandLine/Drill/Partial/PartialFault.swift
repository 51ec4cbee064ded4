import Contracts

/// A fault of a part of what a dependency does: of one operation, of the requests of one criticality, or of
/// all of them a little. What else it does is expected to go on.
struct PartialFault: Equatable {
    /// Part of the experiment's name; `--only operation-` runs the whole group.
    enum Group: String, CaseIterable {
        /// Each operation broken alone.
        case operation
        /// The requests of one criticality broken alone.
        case traffic
        /// Dependencies that answer late, and without an error.
        case brownout
        /// What customers browse is broken or shed, beside their orders.
        case quotes
    }

    struct Injected: Equatable {
        var service: String
        /// Without the seed and the time after which it ends, which the experiment runner adds.
        var fault: FaultRequest
    }

    enum Expectation: Equatable {
        /// Every order is confirmed, and nothing is missing from it. Its p99 is as healthy from the first
        /// second on.
        case undegraded
        /// Every order is confirmed. Those that go without this optional dependency say so; if `isTotal`, all
        /// that ask for it have to.
        case confirmedWithout(String, isTotal: Bool)
        /// Every order is confirmed, or accepted and finished later; if `isTotal`, none is confirmed as
        /// usual.
        case accepted(isTotal: Bool)
    }

    var group: Group
    /// What follows the group in the experiment's name: `inventory-product-500`.
    var name: String
    var injected: [Injected]
    /// `payment answers 500 to POST /payments/void`
    var words: String
    var expectation: Expectation
    /// Operations of the same dependency that are asked for meanwhile, and have to be answered as often as
    /// before.
    var goesOn: [Operation] = []
    /// Of the orders that arrive, what the queue has to finish in the same time; nil where that isn't looked
    /// at.
    var finishing: Double?
    /// Orders a second; nil: as many as in the other experiments.
    var rate: Double?
    /// Quotes and reads a second.
    var reads = 20.0
    /// Cancellations beside the orders, and what else makes order call what a purchase that goes well
    /// doesn't.
    var hasSideTraffic = true
    /// Product pages a second that are read at inventory itself.
    var pages = 0.0

    /// Each once.
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

/// A way for a part of a dependency to fail.
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
