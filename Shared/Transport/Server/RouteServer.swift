import Contracts
import CrashPoints
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Resilience
import ServingPath
import Telemetry
import Tracing

/// Serves the requests of one route.
struct RouteServer: Sendable {
    let route: Route
    let credentials: Credentials
    /// Asked before new work is read; throws the ``Problem`` that refuses it.
    let admit: RouteResponder.NewWorkCheck
    /// Problems for the errors of layers that this one doesn't know.
    let translate: @Sendable (any Error) -> Problem?
    /// nil where none may be injected.
    let faults: Faults?
    let peers: PeerStores?
    let tracer: ServiceTracer
    let logger: Logger
    private let name: String
    private let durations: RouteDurations

    init(
        route: Route, credentials: Credentials, admit: @escaping RouteResponder.NewWorkCheck,
        translate: @escaping @Sendable (any Error) -> Problem?, faults: Faults?, peers: PeerStores?,
        tracer: ServiceTracer, logger: Logger
    ) {
        self.route = route
        self.credentials = credentials
        self.admit = admit
        self.translate = translate
        self.faults = Route.spared.contains(route.path) ? nil : faults
        self.peers = peers
        self.tracer = tracer
        name = route.name
        self.logger = logger
        durations = RouteDurations(method: route.method.rawValue, path: route.path)
    }

    /// Never throws: every error has an answer. Not cancelled when the client goes away: what was begun is
    /// finished.
    func serve(_ request: Request, context: ConnectionContext) async -> Response {
        // A request that did not pass admission, as in the simulation, gets its `Admission` here.
        let admission = Admission.current ?? admission(of: request)
        var answer: Answer
        if let injection = faults?.decide(name, priority: admission.criticality.priority) {
            guard let left = await self.answer(request, context: context, admission, through: injection)
            else {
                // The connection is closed: this is never sent.
                return Response(status: .internalServerError)
            }
            answer = left
        } else {
            answer = await self.answer(request, parameters: context.parameters, admission)
        }
        if admission.isService { exchange(request.headers, &answer) }
        admission.permit?.end(countsAsSample: answer.status < 400)
        durations.record(status: answer.status, elapsed: admission.arrival.duration(to: .now))
        CrashPoint.pass(.before, "answer \(name)")
        return answer.response { [name] in CrashPoint.pass(.after, "answer \(name)") }
    }

    private func admission(of request: Request) -> Admission {
        Admission(
            criticality: route.criticality, budget: route.budget,
            isService: credentials.isService(request.headers), at: .now
        ) { request.headers[$0] }
    }

    /// Tells another service the mark of this one's store, and records that of its own.
    private func exchange(_ asked: HTTPFields, _ answer: inout Answer) {
        guard let peers else { return }
        if let said = asked[.store] { peers.hear(said) }
        if let own = peers.header { answer.headers[.store] = own }
    }

    /// The work, and what it answers.
    func answer(_ request: Request, parameters: Parameters, _ admission: Admission) async -> Answer {
        let trace = ServerTrace(request, of: route, admission, by: tracer)
        let answer: Answer
        do {
            let call = try await call(from: request, parameters: parameters, admission)
            answer = try await trace.inside.asCurrent { try await route.handler(call) }
        } catch {
            answer = .problem(problem(for: error), instance: request.uri.path)
        }
        trace.end(answer)
        return answer
    }

    private func call(from request: Request, parameters: Parameters, _ admission: Admission) async throws
        -> Call
    {
        switch route.access {
        case .anonymous: break
        case .services: guard admission.isService else { throw Problem.unauthorized }
        case .administrators:
            guard credentials.isAdministrator(request.headers) else { throw Problem.unauthorized }
        }
        var query: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            query[String(name)] = String(value)
        }
        if route.query == .none {
            var check = FieldCheck()
            for name in query.keys.sorted() {
                check(false, "/\(name)", "is not known here: there are no query parameters")
            }
            try check.finish()
        }
        var refusal: Problem?
        if route.addsWork {
            do {
                try await admit(route)
            } catch let problem as Problem where route.answersRepeats {
                refusal = problem
            }
        }
        let body = try await Self.body(of: request)
        return Call(
            method: request.method, path: request.uri.path, authority: request.head.authority, body: body,
            deadline: admission.deadline, criticality: admission.criticality, refusal: refusal,
            headers: request.headers, parameters: parameters, query: query)
    }

    private static func body(of request: Request) async throws -> Data {
        guard request.method != .get, request.method != .head else { return Data() }
        do {
            let buffer = try await request.body.collect(upTo: Call.largestBody)
            return Data(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem.bodyTooLarge(limit: Call.largestBody)
        }
    }

    private func problem(for error: any Error) -> Problem {
        if let problem = (error as? any ProblemConvertible)?.problem ?? translate(error) { return problem }
        logger.error(
            "a request failed", metadata: ["route": "\(name)", "error": "\(String(reflecting: error))"])
        return .internalError
    }
}
