import Contracts
package import Transport

/// The state of one service, as users see it.
package enum ServiceState: String, Codable { case ready, starting, draining, frozen, dead }

/// What `/readyz` said: its status and body, or nil when there was no answer in time.
package typealias ReadyAnswer = (status: Int, body: String)

extension ServiceState {
    /// A process's activity and the answer of its `/readyz` in one word.
    package init(_ activity: ProcessIdentity.Activity, _ answer: ReadyAnswer?) {
        self =
            switch (activity, answer) {
            case (.gone, _): .dead
            case (.stopped, _): .frozen
            case (.running, let answer?) where answer.status == 200: .ready
            case (.running, let answer?) where answer.body.contains("draining"): .draining
            case (.running, _): .starting
            }
    }
}

extension StackRecord.Service {
    /// Checks the process and asks `/readyz`, within half a second.
    package func state(_ client: HTTPClient) async -> ServiceState {
        let activity = process.activity
        guard activity == .running else { return ServiceState(activity, nil) }
        let request = HTTPClient.Request(
            url: "\(url)/readyz", service: name.rawValue, connectTimeout: .milliseconds(300),
            timeout: .milliseconds(500))
        let answer = try? await client.send(request)
        // The process may have died meanwhile.
        return ServiceState(
            process.activity, answer.map { ($0.status, String(decoding: $0.body, as: UTF8.self)) })
    }
}
