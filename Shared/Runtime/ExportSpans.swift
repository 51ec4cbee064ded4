import Resilience
import ServiceLifecycle
package import Telemetry
package import Transport

/// Sends what is recorded until the process has shut down.
struct ExportSpans: Service {
    let exporter: SpanExporter

    func run() async throws {
        await cancelWhenGracefulShutdown { await exporter.run() }
    }
}

extension SpanExporter {
    /// A collector that takes longer is as good as dead.
    private static let timeout: Duration = .seconds(3)

    /// To a collector that speaks OTLP over HTTP.
    package convenience init(
        service: String, version: String, instance: String, endpoint: String, http: any HTTPSender
    ) {
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        self.init(
            service: service,
            attributes: [("service.version", version), ("service.instance.id", instance)]
        ) { payload in
            var request = HTTPClient.Request(
                method: "POST", url: base + "/v1/traces", connectTimeout: .seconds(1),
                timeout: Self.timeout, priority: Priority(rank: 0))
            request.headers = [
                (name: "Content-Type", value: "application/json"),
                (name: "csp-criticality", value: "sheddable"),
            ]
            request.body = payload
            do throws(HTTPClientError) {
                let answer = try await http.send(request)
                switch answer.status {
                case 200..<300: return .accepted
                case 429, 502, 503, 504: return .later(after: answer.retryAfter)
                default: return .refused
                }
            } catch {
                return .later(after: nil)
            }
        }
    }
}
