/// Sends requests to other services: an ``HTTPClient`` in every process.
package protocol HTTPSender: Sendable {
    /// The response, whatever its status. Cancelling the task ends the call with `.cancelled`.
    func send(_ request: HTTPClient.Request) async throws(HTTPClientError) -> HTTPClient.Response
}

extension HTTPClient: HTTPSender {}
