public import ArgumentParser
import Contracts
public import Resilience
import StackView
import Transport

extension FaultKind: ExpressibleByArgument {}
extension Fault.Phase: ExpressibleByArgument {}

/// `csp fault SERVICE KIND`.
struct FaultSetting: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set a fault, which is what csp fault does without a subcommand.",
        usage: "csp fault <service> <kind> [<options>]",
        discussion: """
            Replaces the active faults of that service. Requests under way are not affected.

            Example: csp fault coupon latency --milliseconds 2000 --expires 30s
            """
    )

    @OptionGroup var data: DataFolderOption
    @OptionGroup var argument: ServiceArgument

    @Argument(help: "latency, error, abort, black-hole or garbage.")
    var kind: FaultKind

    @Option(help: "Only this route, as its OpenAPI document writes it: \"GET /coupons/{code}\".")
    var route: String?

    @Option(help: "Only requests that count as this: critical-plus, critical, sheddable-plus or sheddable.")
    var criticality: String?

    @Option(help: "How long the request is held up first; a latency needs it.")
    var milliseconds: Int?

    @Option(help: ArgumentHelp("By how much that varies, up and down.", valueName: "milliseconds"))
    var jitter: Int?

    @Option(help: "The share of requests that it bites.")
    var percent: Double?

    @Option(help: "before the work, or after it: then it is done, and its answer suffers.")
    var when: Fault.Phase?

    @Option(help: "How long it lasts.")
    var expires = DurationArgument(.seconds(60))

    @Option(help: "The same seed bites the same requests, counted from now.")
    var seed: UInt64?

    @Option(help: "Of an error, 400 to 599.")
    var status: Int?

    @Option(help: "Requests that it has hold of at once, at most.")
    var atMost: Int?

    @Flag(help: "Keep what is active, for what is left of its time; it begins to count anew.")
    var add = false

    func validate() throws {
        if kind == .latency, milliseconds == nil {
            throw ValidationError("a latency needs --milliseconds, such as 2000")
        }
        if status != nil, kind != .error {
            throw ValidationError("--status is for an error, not for \(kind.rawValue)")
        }
        var check = FieldCheck()
        FaultSet(faults: [request]).check(&check, route: ClientFaults.refusal)
        do throws(Problem) {
            try check.finish()
        } catch {
            let wrong = (error.document.errors ?? []).map { "\(Self.option($0.pointer)) \($0.detail)" }
            throw ValidationError(wrong.joined(separator: "; "))
        }
    }

    /// The option of this command for a pointer such as `/faults/0/atMost`.
    private static func option(_ pointer: String) -> String {
        let field = pointer.split(separator: "/").last.map(String.init) ?? ""
        let others = ["jitterMilliseconds": "jitter", "expiresInSeconds": "expires", "atMost": "at-most"]
        return "--\(others[field] ?? field)"
    }

    var request: FaultRequest {
        FaultRequest(
            route: route, criticality: criticality, kind: kind.rawValue, milliseconds: milliseconds,
            jitterMilliseconds: jitter,
            percent: percent, when: when?.rawValue, expiresInSeconds: expires.duration.seconds, seed: seed,
            status: status,
            atMost: atMost)
    }

    func run() async throws {
        let name = argument.service
        guard let service = try data.folder.reachable()[name] else {
            throw Failure("this stack has no \(name)")
        }
        let http = HTTPClient()
        defer { http.shutdown() }
        let client = try FaultClient(folder: data.folder, http: http)
        let kept = add ? try await client.status(service).faults.map(\.rest) : []
        let active = try await client.set(kept + [request], on: service)
        Terminal.print(active.lines(of: name))
        Terminal.print("csp fault clear \(name)\(data.folder.option) ends it at once.")
    }
}

extension FaultStatus.Entry {
    /// The same fault for its remaining time.
    fileprivate var rest: FaultRequest {
        var rest = fault
        rest.expiresInSeconds = remainingSeconds
        return rest
    }
}
