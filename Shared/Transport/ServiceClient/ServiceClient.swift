package import Contracts
import CrashPoints
import Foundation
import HTTPTypes
import Instrumentation
package import Resilience
package import ServingPath
import Telemetry
import Tracing

/// Another service of the system, called over HTTP: sends what the caller's contract says, and sorts the
/// result into an answer, a refusal, or no answer at all.
///
/// It has no policies: the declaration of a dependency adds them, and calls it with the context of a try.
package struct ServiceClient: Sendable {
    /// Its name: an answer that names another service doesn't count.
    let service: String
    let baseURL: String
    let token: String
    let http: any HTTPSender
    /// nil: nothing is injected on the way.
    let faults: ClientFaults?
    let peers: PeerStores?

    /// What the caller keeps of its deadline, to answer its own caller in time.
    static let margin: Duration = .milliseconds(15)
    /// Longer than any connection on one machine or network takes, shorter than a customer waits.
    static let connectTimeout: Duration = .milliseconds(250)
    /// For a call without a deadline; every policy here sets one.
    static let longest: Duration = .seconds(30)

    package init(
        service: String, baseURL: String, token: String, http: any HTTPSender, faults: ClientFaults? = nil,
        peers: PeerStores? = nil
    ) {
        self.service = service
        self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.token = token
        self.http = http
        self.faults = faults
        self.peers = peers
    }

    /// Calls once, on behalf of `caller`, until `context.deadline` less a margin.
    ///
    /// - Parameters:
    ///   - key: the `Idempotency-Key`, where the route needs one.
    ///   - expecting: the statuses that mean success; their body must be an `Answer`.
    ///   - refusals: the codes of the refusals that the caller handles. Any other answer breaks the contract.
    ///   - isAsked: whether an answer is one to what was asked; another one breaks the contract as well.
    /// - Throws: ``CallError``. Cancelling the task ends the call as unavailable.
    package func call<Answer: Decodable>(
        _ method: String, _ path: String, body: (some Encodable)? = Optional<String>.none, key: String? = nil,
        expecting: Set<Int> = [200, 201], refusals: Set<String> = [], in context: CallContext,
        where isAsked: (Answer) -> Bool = { _ in true }
    ) async throws(CallError) -> Answer {
        func route() -> String { "\(method) \(Self.template(path))" }
        return try await ServiceSpan.within(route(), ofKind: .client) { (span) async throws(CallError) in
            do throws(CallError) {
                CrashPoint.pass(.before, "call \(route())")
                let response = try await send(method, path, body: body, key: key, in: context)
                CrashPoint.pass(.after, "call \(route())")
                if let span { Self.note(response, in: span) }
                let answer: Answer = try Self.sort(response, expecting: expecting, refusals: refusals)
                guard isAsked(answer) else { throw .unavailable(.invalidAnswer) }
                return answer
            } catch {
                if case .unavailable(let why) = error { span?.fail(why.reason.rawValue) }
                throw error
            }
        }
    }

    private static func note(_ response: HTTPClient.Response, in span: ServiceSpan) {
        span.set("http.response.status_code", .int64(Int64(response.status)))
        let replayed = HTTPField.Name.idempotentReplayed.rawName
        if response.header(replayed) == "true" { span.set("csp.replayed", .bool(true)) }
    }

    /// The path with its variable segments as `{id}`: segments with a digit are ids.
    private static func template(_ path: String) -> String {
        path.prefix { $0 != "?" }.split(separator: "/")
            .map { $0.contains(where: \.isNumber) ? "/{id}" : "/\($0)" }.joined()
    }

    /// Whether the service says that it can work. Needs no token, and is never shed.
    package func isReady(by deadline: Deadline) async -> Bool {
        let allowance = deadline.allowance(upTo: Self.longest)
        let request = HTTPClient.Request(
            url: baseURL + "/readyz", service: service, connectTimeout: min(Self.connectTimeout, allowance),
            timeout: allowance, priority: Criticality.criticalPlus.priority)
        return (try? await exchange(request, "GET", "/readyz"))?.status == 200
    }

    private func exchange(
        _ request: HTTPClient.Request, _ method: String, _ path: String
    ) async throws(HTTPClientError) -> HTTPClient.Response {
        guard let faults else { return try await http.send(request) }
        return try await faults.send(request, method, path, by: http)
    }

    private func send(
        _ method: String, _ path: String, body: (some Encodable)?, key: String?, in context: CallContext
    ) async throws(CallError) -> HTTPClient.Response {
        let allowance = context.deadline?.allowance(upTo: Self.longest, margin: Self.margin) ?? Self.longest
        guard allowance > .milliseconds(1) else { throw .unavailable(.deadlineExceeded) }
        var request = HTTPClient.Request(
            method: method, url: baseURL + path, service: service,
            connectTimeout: min(Self.connectTimeout, allowance),
            timeout: allowance, priority: context.priority)
        request.headers = [
            (name: "Authorization", value: "Bearer \(token)"),
            (name: "csp-criticality", value: Criticality(context.priority).rawValue),
            (name: "csp-deadline-ms", value: "\(allowance.wholeMilliseconds)"),
        ]
        if let own = peers?.header { request.headers.append((name: ServiceStore.header, value: own)) }
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        if let trace = InstrumentationContext.current?.trace {
            request.headers.append((name: "traceparent", value: trace.traceparent))
            if let state = trace.state { request.headers.append((name: "tracestate", value: state)) }
            if let baggage = trace.baggage { request.headers.append((name: "baggage", value: baggage)) }
        }
        if let body {
            guard let encoded = try? JSON.encode(body) else { throw .unavailable(.unreachable) }
            request.headers.append((name: "Content-Type", value: "application/json"))
            request.body = Array(encoded)
        }
        do {
            let answer = try await Admission.suspended { () async throws(HTTPClientError) in
                try await exchange(request, method, path)
            }
            if let said = answer.header(ServiceStore.header) { peers?.hear(said) }
            return answer
        } catch {
            throw CallError(error)
        }
    }

    /// "An answer that isn't the contract's, in status or body, is a failure of the call, never a success."
    /// Two kinds of failure say nothing against the other end's health: a call that it sheds, and a refusal
    /// that the contract doesn't know.
    private static func sort<Answer: Decodable>(
        _ response: HTTPClient.Response, expecting: Set<Int>, refusals: Set<String>
    ) throws(CallError) -> Answer {
        let body = Data(response.body)
        if expecting.contains(response.status) {
            guard let answer = try? JSON.decode(Answer.self, from: body) else {
                throw .unavailable(.invalidAnswer)
            }
            return answer
        }
        let problem = (try? JSON.decode(ProblemDocument.self, from: body)).flatMap {
            $0.status == response.status ? $0 : nil
        }
        if response.status == 429
            || response.status == 503 && problem.map({ shedding.contains($0.code) }) == true
        {
            throw .unavailable(Unavailability(.overloaded, retryAfter: response.retryAfter))
        }
        if response.status >= 500 {
            throw .unavailable(Unavailability(.serverError, retryAfter: response.retryAfter))
        }
        if let problem, refusals.contains(problem.code) { throw .refused(problem) }
        guard (400..<500).contains(response.status), !passing.contains(response.status) else {
            throw .unavailable(.invalidAnswer)
        }
        throw .unavailable(
            Unavailability(.unexpectedRefusal, detail: "\(response.status) \(problem?.code ?? "")"))
    }

    /// The codes of a 503 that mean: not now, other requests have a higher criticality.
    private static let shedding: Set<String> = ["overloaded", "deadline-exceeded"]
    /// The 4xx that another try may change: Request Timeout and Too Early.
    private static let passing: Set<Int> = [408, 425]
}

/// Why a call to another service has no success.
package typealias CallError = DependencyFailure<ProblemDocument>

extension DependencyFailure<ProblemDocument> {
    init(_ error: HTTPClientError) {
        switch error {
        case .unreachable, .invalidRequest: self = .unavailable(.unreachable)
        case .noFreeConnection: self = .unavailable(Unavailability(.bulkheadFull))
        case .timeout: self = .unavailable(.timeout)
        case .cancelled: self = .unavailable(.cancelled)
        case .closed, .shutDown: self = .unavailable(.connectionLost)
        case .garbage, .wrongService, .bodyTooLarge: self = .unavailable(.invalidAnswer)
        }
    }
}
