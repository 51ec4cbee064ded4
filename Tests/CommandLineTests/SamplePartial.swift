import Contracts

@testable import CommandLine

/// Sample operations and partial faults.
enum SamplePartial {
    static let reserve = Operation(
        dependency: "inventory", role: .critical, name: "reserve", route: "POST /reservations")
    static let commit = Operation(
        dependency: "inventory", role: .critical, name: "commit", route: "POST /reservations/{orderId}/commit"
    )
    static let product = Operation(
        dependency: "inventory", role: .critical, name: "product", route: "GET /products/{sku}")
    static let capture = Operation(
        dependency: "payment", role: .critical, name: "capture", route: "POST /payments")
    static let void = Operation(
        dependency: "payment", role: .critical, name: "void", route: "POST /payments/void")
    static let redeem = Operation(
        dependency: "coupon", role: .optional, name: "redeem", route: "POST /redemptions")
    static let rule = Operation(
        dependency: "coupon", role: .optional, name: "rule", route: "GET /coupons/{code}")
    static let send = Operation(
        dependency: "notification", role: .optional, name: "send", route: "POST /events")

    static let operations = [reserve, commit, product, capture, void, redeem, rule, send]

    static func fault(
        _ expectation: PartialFault.Expectation, _ group: PartialFault.Group = .operation,
        _ service: String = "coupon",
        goesOn: [Operation] = []
    ) -> PartialFault {
        PartialFault(
            group: group, name: "sample",
            injected: [.init(service: service, fault: FaultRequest(kind: "error"))],
            words: "\(service) answers 500", expectation: expectation, goesOn: goesOn)
    }

    /// What contradicts the hypothesis.
    static func failures(_ fault: PartialFault, _ seen: Observation) -> [String] {
        let judge = Judge(experiment: Experiment(disruption: .partial(fault)), seen: seen)
        return judge.obstacles + judge.failures
    }
}
