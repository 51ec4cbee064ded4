import Contracts
import Foundation
package import Runtime

/// Every setting of the console.
package struct ConsoleConfiguration: ServiceConfiguration {
    /// The services that it watches, and where they are.
    var services: [(name: ServiceName, url: String)]
    /// `stack.json` of a stack that `csp up` runs; nil: the services run elsewhere.
    var stackFile: String?
    /// Path of `csp`, which kills, freezes, thaws and starts the services of such a stack; nil: none is.
    var control: String?
    /// Bytes.
    var traceCapacity: Int

    package init(reading settings: inout Settings) {
        services = []
        for name in ServiceName.allCases where name != .console {
            services.append((name, settings.url(of: name)))
        }
        stackFile = settings.optional(
            "STACK_FILE", "stack.json of a stack that csp up runs: it says which processes are alive")
        control = settings.optional(
            "CONTROL_COMMAND", "path of csp, by which administrators kill and start services in the browser")
        traceCapacity = Int(
            settings.bytes(
                "TRACES_KEPT", default: 64 << 20, in: (1 << 20)...(4 << 30),
                "memory for traces; the oldest go first"))
    }
}

extension ConsoleConfiguration {
    var command: ControlCommand? {
        guard let control, let stackFile else { return nil }
        return ControlCommand(
            executable: control, folder: URL(filePath: stackFile).deletingLastPathComponent().path)
    }
}
