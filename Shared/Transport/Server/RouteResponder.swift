import Contracts
import Foundation
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
package import Resilience
import ServingPath
package import Telemetry

/// Serves a route table: one pass from the request's head to its answer, in which every error becomes a
/// problem document.
package struct RouteResponder: HTTPResponder {
    package typealias Context = ConnectionContext
    /// Whether a route's new work may begin; throws the ``Problem`` that refuses it.
    package typealias NewWorkCheck = @Sendable (Route) async throws -> Void

    private let inner: RouterResponder<ConnectionContext>

    /// - Parameter peers: where services exchange their stores' marks; nil where they don't.
    package init(
        routes: [Route], credentials: Credentials, admit: @escaping NewWorkCheck = { _ in },
        translate: @escaping @Sendable (any Error) -> Problem?, faults: Faults? = nil,
        peers: PeerStores? = nil, tracer: ServiceTracer = .off, logger: Logger
    ) {
        let router = Router(context: ConnectionContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: MissedRoutes(routes: routes))
        for route in routes {
            let server = RouteServer(
                route: route, credentials: credentials, admit: admit, translate: translate, faults: faults,
                peers: peers, tracer: tracer, logger: logger)
            router.on(RouterPath(route.path), method: route.method) { request, context in
                await server.serve(request, context: context)
            }
        }
        inner = router.buildResponder()
    }

    package func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        try await inner.respond(to: request, context: context)
    }
}

/// Answers for paths without a route: 405 where the path is known with another method, else 404.
private struct MissedRoutes: RouterMiddleware {
    let routes: [Route]

    func handle(
        _ request: Request, context: ConnectionContext,
        next: (Request, ConnectionContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let path = request.uri.path
            let known = routes.filter { $0.matches(path.split(separator: "/")) }.map(\.method.rawValue)
            let allowed = Set(known + (known.contains("GET") ? ["HEAD"] : [])).sorted()
            let problem =
                allowed.isEmpty
                ? Problem.notFound("There is nothing at this path.") : .methodNotAllowed(allowed)
            return Answer.problem(problem, instance: path).response
        }
    }
}
