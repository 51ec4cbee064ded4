import Contracts
import Foundation
import HTTPTypes
import StackView
import Transport

/// Passes fault settings on to a service, with the administrator's token.
struct FaultRelay: Sendable {
    private static let timeout: Duration = .seconds(3)

    let client: any HTTPSender
    let administratorToken: String?
    /// Where the services are now.
    let services: @Sendable () -> [StackSnapshot.Service]

    func send(_ method: String, to name: ServiceName, body: Data?) async throws -> Answer {
        guard let service = services().first(where: { $0.name == name }), let administratorToken else {
            throw Problem.notFound("No faults can be set from here.")
        }
        var request = HTTPClient.Request(
            method: method, url: "\(service.url)/faults", connectTimeout: Self.timeout, timeout: Self.timeout)
        request.headers = [(name: "Authorization", value: "Bearer \(administratorToken)")]
        if let body {
            request.headers.append((name: "Content-Type", value: "application/json"))
            request.body = Array(body)
        }
        do throws(HTTPClientError) {
            let answer = try await client.send(request)
            let type = answer.status < 400 ? "application/json" : "application/problem+json"
            return Answer(status: answer.status, headers: [.contentType: type], body: Data(answer.body))
        } catch {
            throw Problem.unavailable(
                "service-unavailable", "The service did not answer", "\(name) did not answer; try again.")
        }
    }
}
