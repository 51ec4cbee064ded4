import Contracts

/// An experiment of the drill in Chaos Toolkit's format (chaostoolkit.org, 1.0): for `chaos validate`, and
/// for `chaos run` against a running stack. One order stands for the load: the hypothesis is checked before
/// and during the fault.
struct ChaosToolkit: Encodable {
    struct Variable: Encodable {
        var type = "env"
        var key: String
        var `default`: String
    }

    struct Hypothesis: Encodable {
        var title: String
        var probes: [Activity]
    }

    struct Activity: Encodable {
        struct Provider: Encodable {
            var type: String
            var url: String?
            var path: String?
            var arguments: [String]?
            var timeout: Int
        }

        enum Tolerance: Encodable {
            case status(Int)
            /// A pattern of what a process prints.
            case prints(String)

            func encode(to encoder: any Encoder) throws {
                switch self {
                case .status(let status):
                    var container = encoder.singleValueContainer()
                    try container.encode(status)
                case .prints(let pattern):
                    try ["type": "regex", "target": "stdout", "pattern": pattern].encode(to: encoder)
                }
            }
        }

        var type: String
        var name: String
        var tolerance: Tolerance?
        var provider: Provider
    }

    struct Runtime: Encodable {
        struct Rollbacks: Encodable { var strategy = "always" }

        var rollbacks = Rollbacks()
    }

    var version = "1.0.0"
    let title: String
    let description: String
    let tags: [String]
    let configuration: [String: Variable]
    let hypothesis: Hypothesis
    let method: [Activity]
    let rollbacks: [Activity]
    /// The rollbacks run whatever the result.
    let runtime = Runtime()

    private enum CodingKeys: String, CodingKey {
        case version, title, description, tags, configuration, method, rollbacks, runtime
        case hypothesis = "steady-state-hypothesis"
    }

    /// - Returns: nil for an overload, which is a load and not a fault, and for a partial fault, which only
    ///   bites on calls that the one order doesn't make.
    init?(_ experiment: DrillExperiment, of run: DrillRun, seed: UInt64) {
        guard let kind = DrillFault(rawValue: experiment.kind), !experiment.targets.isEmpty else {
            return nil
        }
        let isOrderItself = experiment.targets.contains("order")
        let mayWait = run.dependencies.contains {
            $0.role == .critical && experiment.targets.contains($0.name)
        }
        title = "\(experiment.name): \(experiment.fault)"
        description =
            """
            \(experiment.hypothesis). Needs csp in the PATH and a stack (FAULTS_ENABLED=true csp up \
            --detach); CSP_DATA names its folder, ORDER_URL the order service. A warning about an exit code \
            means that the fault was not injected.
            """
        tags = ["csp"] + experiment.targets + [experiment.kind]
        configuration = [
            "data": Variable(key: "CSP_DATA", default: StackFolder.defaultPath),
            "order_url": Variable(key: "ORDER_URL", default: "http://127.0.0.1:8081"),
        ]
        hypothesis = Hypothesis(
            title: mayWait ? "orders are confirmed, or accepted and finished later" : "orders are confirmed",
            probes: [.orderIsReady, .orderIsPlaced(mayWait: mayWait)])
        let ends = experiment.targets.map { Activity.end(kind, of: $0) }
        let begins = experiment.targets.map { Activity.begin(kind, of: $0, seed: seed) }
        // No order can be placed while order is dead: the hypothesis is checked once it is back.
        method = isOrderItself ? begins + ends : begins
        rollbacks = ends
    }
}

extension ChaosToolkit.Activity {
    static let orderIsReady = Self(
        type: "probe", name: "order is ready", tolerance: .status(200),
        provider: Provider(type: "http", url: "${order_url}/readyz", timeout: 3))

    static func orderIsPlaced(mayWait: Bool) -> Self {
        csp(
            "probe", "an order is placed", ["place", "--json"],
            tolerance: .prints("\"status\" ?: ?\"\(mayWait ? "(confirmed|accepted)" : "confirmed")\""))
    }

    static func begin(_ kind: DrillFault, of service: String, seed: UInt64) -> Self {
        // The fault expires, in case chaos is killed before the rollback.
        guard let fault = kind.request(seed: seed, expiresAfter: 300) else {
            return csp("action", kind.words(service), [kind == .killed ? "kill" : "freeze", service])
        }
        let options: [(String, String?)] = [
            ("--milliseconds", fault.milliseconds.map(String.init)),
            ("--percent", fault.percent.map(\.formattedWithoutZeros)),
            ("--status", fault.status.map(String.init)),
            ("--expires", fault.expiresInSeconds.map { "\($0.formattedWithoutZeros)s" }),
            ("--seed", fault.seed.map { "\($0)" }),
        ]
        let given = options.flatMap { option, value in value.map { [option, $0] } ?? [] }
        return csp("action", kind.words(service), ["fault", service, fault.kind] + given)
    }

    static func end(_ kind: DrillFault, of service: String) -> Self {
        switch kind {
        case .killed: csp("action", "\(service) is started again", ["start", service])
        case .frozen: csp("action", "\(service) goes on", ["thaw", service])
        case .slow, .errors, .garbage, .blackHoled:
            csp("action", "\(service)'s fault is cleared", ["fault", "clear", service])
        }
    }

    private static func csp(
        _ type: String, _ name: String, _ arguments: [String], tolerance: Tolerance? = nil
    ) -> Self {
        Self(
            type: type, name: name, tolerance: tolerance,
            provider: Provider(
                type: "process", path: "csp", arguments: arguments + ["--data", "${data}"], timeout: 30))
    }
}
