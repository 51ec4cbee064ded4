import Contracts
import StackView

extension StackRecord {
    /// The environment of a service: that of `up`, with the service's own settings on top.
    func environment(of name: ServiceName, in folder: StackFolder, tokens: Tokens) -> [String: String] {
        var values = environment
        values["HTTP_HOST"] = host
        values["HTTP_PORT"] = self[name].map { "\($0.port)" }
        values["DATA_DIR"] = folder.data(of: name)
        values["SEED_DIR"] = seedFolder
        values["SERVICE_TOKEN"] = tokens.serviceToken
        values["ADMIN_TOKEN"] = tokens.adminToken
        if name == .console {
            values["STACK_FILE"] = folder.recordFile
            values["PUBLIC_URL"] = values["PUBLIC_URL"] ?? self[.console]?.url
            values["CONTROL_COMMAND"] = "\(Paths.executables())/csp"
        }
        for service in services { values[service.name.urlKey] = service.url }
        if name != .console, values["OTEL_EXPORTER_OTLP_ENDPOINT"] == nil {
            values["OTEL_EXPORTER_OTLP_ENDPOINT"] = self[.console]?.url
        }
        return values
    }

    /// The part of `up`'s environment that the record stores: without secrets, which only `tokens.json` has.
    static func kept(_ environment: [String: String]) -> [String: String] {
        environment.filter { $0.key != "SERVICE_TOKEN" && $0.key != "ADMIN_TOKEN" }
    }

    /// How the others reach a service that listens on `host`.
    static func url(host: String, port: Int) -> String {
        switch host {
        case "0.0.0.0": "http://127.0.0.1:\(port)"
        case "::": "http://[::1]:\(port)"
        case _ where host.contains(":"): "http://[\(host)]:\(port)"
        default: "http://\(host):\(port)"
        }
    }
}
