import Contracts
import Foundation
import HTTPTypes
import Logging
import ServingPath
import Transport

/// What breaks the services and brings them back, for administrators: by their token, or in a browser by a
/// session. 404 where the console can't.
struct ControlRoutes: Sendable {
    /// Longer than `csp start` waits for a service to become ready.
    private static let budget: Duration = .seconds(40)

    let credentials: Credentials
    let sessions: Sessions
    /// Nil where no `csp up` runs the stack.
    let command: ControlCommand?
    let administratorToken: String?
    let relay: ServiceRelay
    /// Hears of what was done to a service.
    let changed: @Sendable (String) -> Void
    let logger: Logger

    private struct Token: Decodable {
        var token: String
    }

    private struct Session: Encodable {
        var isActive: Bool
    }

    var routes: [Route] {
        [
            .get("/api/session") { call in try .json(200, Session(isActive: isAllowed(call))) },
            .post("/api/session", .critical) { try await begin($0) },
            .put("/api/services/{name}/faults", .critical) { try await set($0) },
            .delete("/api/services/{name}/faults", .critical) { call in
                try check(call)
                return try await sendFaults("DELETE", to: service(call), body: nil)
            },
        ]
            + ControlCommand.Action.allCases.map { action in
                .post("/api/services/{name}/\(action.rawValue)", .critical, budget: Self.budget) {
                    try await run(action, $0)
                }
            }
    }

    private func begin(_ call: Call) async throws -> Answer {
        let given = try await call.decode(Token.self)
        guard credentials.isAdministrator(token: given.token) else {
            throw Problem(401, "unauthorized", "Not authorized", "This is not the administrator's token.")
        }
        return Answer(status: 204, headers: [.setCookie: sessions.begin()])
    }

    private func run(_ action: ControlCommand.Action, _ call: Call) async throws -> Answer {
        let name = try service(call)
        guard let command else {
            throw Problem.notFound("No csp up runs this stack: processes can't be \(action.past) from here.")
        }
        try check(call)
        changed("\(name) is \(action.past) by the console")
        logger.warning("\(action.past) by the console", metadata: ["about": "\(name)"])
        let outcome = try await command.run(action, name)
        // In its own words: those of csp name files of this machine.
        guard outcome.status == 0 else {
            logger.error("csp could not", metadata: ["about": "\(name)", "words": "\(outcome.words)"])
            throw Problem(
                409, "not-\(action.past)", "The service was not \(action.past)",
                "\(name) was not \(action.past): csp logs console has the reason.")
        }
        return try .json(200, ["detail": "\(name) is \(action.past)."])
    }

    private func set(_ call: Call) async throws -> Answer {
        try check(call)
        return try await sendFaults("PUT", to: service(call), body: call.body)
    }

    private func sendFaults(_ method: String, to name: ServiceName, body: Data?) async throws -> Answer {
        guard let administratorToken else { throw Problem.notFound("No faults can be set from here.") }
        return try await relay.send(
            method, to: name, "/faults", body: body,
            headers: [("Authorization", "Bearer \(administratorToken)")]
                + (body == nil ? [] : [("Content-Type", "application/json")]))
    }

    /// One of those that the console watches.
    private func service(_ call: Call) throws -> ServiceName {
        guard let name = ServiceName(rawValue: call.parameter("name")), name != .console else {
            throw Problem.notFound("The console watches no service \(call.parameter("name").excerpt()).")
        }
        return name
    }

    /// - Throws: 401 for all but administrators, 404 where there is none.
    func check(_ call: Call) throws {
        guard credentials.hasAdministrator else {
            throw Problem.notFound("There is no administrator: ADMIN_TOKEN isn't set.")
        }
        guard isAllowed(call) else { throw Problem.unauthorized }
    }

    /// A cookie comes along with whatever page sends the request: it counts only for this one.
    private func isAllowed(_ call: Call) -> Bool {
        if call.isOfAdministrator(credentials) { return true }
        guard sessions.isKnown(call.header(.cookie)) else { return false }
        return call.method == .get || call.isFromOwnPage
    }
}

extension Call {
    /// Whether a browser says that the console's own page sends it; other clients say nothing.
    var isFromOwnPage: Bool {
        guard let origin = header(.origin) else { return false }
        return authority.map { origin == "http://\($0)" || origin == "https://\($0)" } ?? false
    }
}

extension HTTPField.Name {
    static let origin = HTTPField.Name("Origin") ?? .cookie
}
