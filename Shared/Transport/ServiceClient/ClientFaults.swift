import Contracts
import Foundation
package import Resilience
import ServingPath

/// Faults on the way to another service, injected on the caller's side below every policy, so that each
/// policy sees what it would see if the service or the network had them.
package struct ClientFaults: Sendable {
    private struct Pattern {
        let name: String
        let method: Substring
        let segments: [Substring]
    }

    private let faults: Faults
    private let patterns: [Pattern]

    /// - Parameter set: routes are the other service's, such as `POST /redemptions` or `GET /coupons/{code}`;
    ///   a fault without one is for every call, readiness checks (`GET /readyz`) included.
    package init(_ set: [Fault], environment: PolicyEnvironment) throws(InvalidConfiguration) {
        faults = Faults(environment: environment)
        patterns = set.compactMap(\.route).map { route in
            let parts = route.split(separator: " ")
            return Pattern(
                name: route, method: parts.first ?? "", segments: parts.last?.split(separator: "/") ?? [])
        }
        try faults.set(set)
    }

    /// Why `route` is invalid; nil if it is valid.
    package static func refusal(_ route: String) -> String? {
        route.wholeMatch(of: /[A-Z]+ \/[^ ?]*/) == nil
            ? "must be a method and a path, such as POST /redemptions" : nil
    }

    /// Sends the request for `method path`, with the faults injected into it.
    func send(
        _ request: HTTPClient.Request, _ method: String, _ path: String, by http: any HTTPSender
    ) async throws(HTTPClientError) -> HTTPClient.Response {
        guard let injection = faults.decide(route(method, path), priority: Self.priority(of: request)) else {
            return try await http.send(request)
        }
        defer { injection.end() }
        let deadline = Deadline.after(request.timeout, from: faults.environment.time.now())
        for bite in injection.before {
            if let response = try await carryOut(bite, by: deadline) { return response }
        }
        var rest = request
        rest.timeout = deadline.remaining(at: faults.environment.time.now())
        let response = try await http.send(rest)
        for bite in injection.after {
            if let response = try await carryOut(bite, by: deadline) { return response }
        }
        return response
    }

    /// - Returns: what comes back instead of the service's answer; nil if the call goes on.
    private func carryOut(_ bite: FaultBite, by deadline: Deadline) async throws(HTTPClientError)
        -> HTTPClient.Response?
    {
        try await hold(for: bite.delay, by: deadline)
        switch bite.kind {
        case .latency: return nil
        case .error:
            let document = InjectedAnswer.error(bite).document
            return HTTPClient.Response(
                status: document.status, body: (try? JSON.encode(document)).map(Array.init) ?? [])
        case .garbage: return HTTPClient.Response(status: 200, body: InjectedAnswer.garbage(bite))
        case .abort: throw .closed("an injected fault")
        case .blackHole:
            try await hold(for: .seconds(86_400), by: deadline)
            throw .timeout
        }
    }

    /// Waits for `delay`, but not past the deadline.
    private func hold(for delay: Duration, by deadline: Deadline) async throws(HTTPClientError) {
        guard delay > .zero else { return }
        let time = faults.environment.time
        let rest = deadline.remaining(at: time.now())
        do {
            try await time.sleep(max(.zero, min(delay, rest)))
        } catch {
            throw .cancelled
        }
        if rest <= delay { throw .timeout }
    }

    /// By the criticality in the call's header.
    private static func priority(of request: HTTPClient.Request) -> Priority? {
        let header = request.headers.first { $0.name == "csp-criticality" }
        return header.flatMap { Criticality(rawValue: $0.value) }?.priority
    }

    /// The first listed route that matches the call.
    private func route(_ method: String, _ path: String) -> String {
        let segments = path.prefix { $0 != "?" }.split(separator: "/")
        let pattern = patterns.first { pattern in
            pattern.method == method && pattern.segments.count == segments.count
                && zip(pattern.segments, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        return pattern?.name ?? ""
    }
}
