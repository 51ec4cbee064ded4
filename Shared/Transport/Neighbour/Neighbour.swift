package import Contracts
import Foundation
import Metrics
package import Resilience
package import ServingPath

/// Another service of the system, asked over HTTP: sends what the caller's contract asks for, and sorts what comes back
/// into an answer, a refusal, or no answer at all.
///
/// The seam for policies: every call to another service goes through ``call(_:_:body:key:expecting:refusals:deadline:limit:criticality:)``.
package struct Neighbour: Sendable {
    package let name: String
    let baseURL: String
    let token: String
    let http: HTTPClient
    private let outcomes: CallOutcomes

    /// What the caller keeps of its deadline, to answer its own caller in time.
    static let margin: Duration = .milliseconds(15)
    /// Longer than any connection on one machine or network takes, shorter than a customer's patience.
    static let connectTimeout: Duration = .milliseconds(250)

    package init(name: String, baseURL: String, token: String, http: HTTPClient) {
        self.name = name
        self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.token = token
        self.http = http
        outcomes = CallOutcomes(dependency: name)
    }

    /// Asks once.
    ///
    /// - Parameters:
    ///   - key: the `Idempotency-Key`, where the route needs one.
    ///   - expecting: the statuses that mean success; their body must be an `Answer`.
    ///   - refusals: the codes of the refusals that the caller knows what to do with. Any other answer breaks the contract.
    ///   - limit: the longest this call may take; what is left of `deadline`, less a margin, counts where it is shorter.
    /// - Throws: ``CallError``. Cancelling the task ends the call as unavailable.
    package func call<Answer: Decodable>(
        _ method: String, _ path: String, body: (some Encodable)? = Optional<String>.none, key: String? = nil,
        expecting: Set<Int> = [200, 201], refusals: Set<String> = [], deadline: Deadline, limit: Duration,
        criticality: Criticality
    ) async throws(CallError) -> Answer {
        let result: Result<Answer, CallError>
        do {
            let response = try await send(
                method, path, body: body, key: key, deadline: deadline, limit: limit, criticality: criticality)
            result = .success(try Self.sort(response, expecting: expecting, refusals: refusals))
        } catch {
            result = .failure(error)
        }
        outcomes.count(result.outcome)
        return try result.get()
    }

    private func send(
        _ method: String, _ path: String, body: (some Encodable)?, key: String?, deadline: Deadline, limit: Duration,
        criticality: Criticality
    ) async throws(CallError) -> HTTPClient.Response {
        let allowance = deadline.allowance(upTo: limit, margin: Self.margin)
        guard allowance > .milliseconds(1) else { throw .unavailable(.deadlineExceeded) }
        var request = HTTPClient.Request(
            method: method, url: baseURL + path, connectTimeout: min(Self.connectTimeout, allowance), timeout: allowance)
        request.headers = [
            (name: "Authorization", value: "Bearer \(token)"),
            (name: "csp-criticality", value: criticality.rawValue),
            (name: "csp-deadline-ms", value: "\(allowance.wholeMilliseconds)"),
        ]
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        if let trace = TraceContext.current {
            request.headers.append((name: "traceparent", value: trace.childHeader))
            if let state = trace.state { request.headers.append((name: "tracestate", value: state)) }
            if let baggage = trace.baggage { request.headers.append((name: "baggage", value: baggage)) }
        }
        if let body {
            guard let encoded = try? JSON.encode(body) else { throw .unavailable(.unreachable) }
            request.headers.append((name: "Content-Type", value: "application/json"))
            request.body = Array(encoded)
        }
        do {
            return try await http.send(request)
        } catch {
            throw CallError(error)
        }
    }

    /// "An answer that isn't the contract's, in status or body, is a failure of the call, never a success."
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
        if response.status == 429 || response.status >= 500 { throw .unavailable(.serverError) }
        guard let problem = try? JSON.decode(ProblemDocument.self, from: body), problem.status == response.status,
            refusals.contains(problem.code)
        else { throw .unavailable(.invalidAnswer) }
        throw .refused(problem)
    }
}

/// Why a call to another service has no answer to give.
package enum CallError: Error, Sendable, Equatable {
    /// The service said no, and will say so again.
    case refused(ProblemDocument)
    /// The service couldn't be asked, or its answer didn't come or couldn't be understood; the reason tells whether what
    /// became of the request is unknown.
    case unavailable(Unavailability)

    init(_ error: HTTPClientError) {
        switch error {
        case .unreachable, .invalidRequest: self = .unavailable(.unreachable)
        case .timeout: self = .unavailable(.timeout)
        case .closed, .cancelled, .shutDown: self = .unavailable(.connectionLost)
        case .garbage, .bodyTooLarge: self = .unavailable(.invalidAnswer)
        }
    }
}

extension Result where Failure == CallError {
    fileprivate var outcome: CallOutcomes.Outcome {
        switch self {
        case .success: .ok
        case .failure(.refused): .refused
        case .failure(.unavailable): .unavailable
        }
    }
}

/// `csp_dependency_calls_total{dependency,outcome}`.
struct CallOutcomes: Sendable {
    enum Outcome: String, CaseIterable { case ok, refused, unavailable }

    private let counters: [Outcome: Counter]

    init(dependency: String) {
        counters = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map { outcome in
                let dimensions = [("dependency", dependency), ("outcome", outcome.rawValue)]
                return (outcome, Counter(label: "csp_dependency_calls_total", dimensions: dimensions))
            })
    }

    func count(_ outcome: Outcome) { counters[outcome]?.increment() }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
