import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Resilience
import ServiceLifecycle

extension RouteServer {
    /// The request's answer with its injected faults, or nil if the connection is closed instead.
    ///
    /// A fault before the work bites before the request's token and body are read; its deadline runs on
    /// meanwhile. One after the work replaces whatever was answered, an error too.
    func answer(
        _ request: Request, context: ConnectionContext, _ admission: Admission, through injection: Injection
    ) async -> Answer? {
        defer { injection.end() }
        var end = await carryOut(injection.before, on: request, context.connection)
        if end == nil {
            let answer = await answer(request, parameters: context.parameters, admission)
            end = await carryOut(injection.after, on: request, context.connection) ?? .answer(answer)
        }
        guard case .answer(var answer) = end else { return nil }
        answer.headers[.fault] = "injected"
        return answer
    }

    /// How a request ends.
    private enum End {
        case answer(Answer)
        case closed
    }

    /// - Returns: nil if the request goes on.
    private func carryOut(_ bites: [FaultBite], on request: Request, _ connection: any Channel) async -> End?
    {
        for bite in bites {
            await hold(for: bite.delay)
            switch bite.kind {
            case .latency: continue
            case .error: return .answer(.problem(InjectedAnswer.error(bite), instance: request.uri.path))
            case .garbage: return .answer(.json(200, encoded: Data(InjectedAnswer.garbage(bite))))
            case .blackHole: await Admission.suspended { await Self.untilGone(request) }
            case .abort: break
            }
            try? await connection.close()
            return .closed
        }
        return nil
    }

    /// Stopping the service ends the wait, so that the request can still be finished. Its permit is free for
    /// other requests meanwhile: a slow request doesn't use up the service.
    private func hold(for delay: Duration) async {
        guard delay > .zero, let time = faults?.environment.time else { return }
        await Admission.suspended { await cancelWhenGracefulShutdown { try? await time.sleep(delay) } }
    }

    /// Returns when the client has closed its side of the connection, or the service is being stopped.
    private static func untilGone(_ request: Request) async {
        let (end, ended) = AsyncStream.makeStream(of: Never.self)
        // Hummingbird lets clients close their side and still get an answer, so the end of the connection's
        // input says nothing.
        _ = try? await withGracefulShutdownHandler {
            try await request.body.consumeWithInboundCloseHandler { body in
                // The connection's end is seen only as the end of a body that nothing else reads. One that
                // was read before never ends here.
                async let _ = Self.read(body)
                for await _ in end {}
            } onInboundClosed: {
                ended.finish()
            }
        } onGracefulShutdown: {
            ended.finish()
        }
    }

    private static func read(_ body: RequestBody) async throws {
        for try await _ in body {}
    }
}

extension Route {
    /// Never injected into: the routes that check a service, and those that end its faults.
    package static let spared: Set = ["/livez", "/readyz", "/metrics", "/faults", "/csp"]

    /// As faults name it: `POST /redemptions`.
    package var name: String { "\(method.rawValue) \(path)" }
}

extension HTTPField.Name {
    static let fault = known("csp-fault")
}
