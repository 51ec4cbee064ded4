import Contracts
import Foundation
import HTTPTypes
import StackView
import Transport

/// Passes a request of the page on to a service, and that one's answer back.
struct ServiceRelay: Sendable {
    /// Longer than a service gives any request that is passed on.
    private static let timeout: Duration = .seconds(6)

    let client: any HTTPSender
    /// Where the services are now.
    let services: @Sendable () -> [StackSnapshot.Service]

    func send(
        _ method: String, to name: ServiceName, _ path: String, body: Data? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        guard let service = services().first(where: { $0.name == name }) else {
            throw Problem.notFound("The console doesn't know where \(name) is.")
        }
        var request = HTTPClient.Request(
            method: method, url: service.url + path, connectTimeout: .seconds(1), timeout: Self.timeout)
        request.headers = headers
        request.body = body.map(Array.init)
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
