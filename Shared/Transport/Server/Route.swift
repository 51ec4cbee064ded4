package import HTTPTypes
package import ServingPath

/// One line of a service's route table: method and path, criticality, budget, access.
package struct Route: Sendable {
    package enum Access: Sendable {
        case anonymous
        /// Only with the services' shared token.
        case services
        /// Only with the administrator's token.
        case administrators
    }

    /// How parameters behind a `?` are handled.
    package enum Query: Sendable {
        /// The route has none: any is 422. A misspelt one, or one meant for a list, would otherwise change
        /// nothing.
        case none
        /// The handler checks them, with the other fields.
        case checked
        /// Any are accepted: a monitor's additions must not make a service look dead.
        case ignored
    }

    package typealias Handler = @Sendable (Call) async throws -> Answer

    package var method: HTTPRequest.Method
    /// `/orders/{id}`: a segment in braces matches any one segment.
    package var path: String
    package var criticality: Criticality
    /// What the service gives the request at most, counted from its arrival.
    package var budget: Duration
    package var access: Access
    /// Whether it begins something that will need space and time later, and so is refused first when either
    /// runs out. What finishes or undoes earlier work is not refused, nor is reading.
    package var addsWork = false
    /// A request that repeats an earlier one adds no work: the handler gets ``Call/refusal``, and looks for
    /// the earlier one first.
    package var answersRepeats = false
    package var query = Query.ignored
    /// Whether only who watches the service asks for it: no trace begins with it.
    package var isForMonitors = false
    package var handler: Handler

    package static func get(
        _ path: String, _ criticality: Criticality = .critical, budget: Duration = .seconds(5),
        access: Access = .anonymous, query: Query = .none, handler: @escaping Handler
    ) -> Route {
        Route(
            method: .get, path: path, criticality: criticality, budget: budget, access: access, query: query,
            handler: handler)
    }

    package static func post(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .anonymous,
        addsWork: Bool = false, answersRepeats: Bool = false, handler: @escaping Handler
    ) -> Route {
        Route(
            method: .post, path: path, criticality: criticality, budget: budget, access: access,
            addsWork: addsWork,
            answersRepeats: answersRepeats,
            handler: handler)
    }

    package static func put(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .anonymous,
        handler: @escaping Handler
    ) -> Route {
        Route(
            method: .put, path: path, criticality: criticality, budget: budget, access: access,
            handler: handler)
    }

    package static func delete(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .anonymous,
        handler: @escaping Handler
    ) -> Route {
        Route(
            method: .delete, path: path, criticality: criticality, budget: budget, access: access,
            handler: handler)
    }

    package static func patch(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .anonymous,
        handler: @escaping Handler
    ) -> Route {
        Route(
            method: .patch, path: path, criticality: criticality, budget: budget, access: access,
            handler: handler)
    }

    /// Whether `segments` fit the path, whatever the method.
    func matches(_ segments: [Substring]) -> Bool {
        let own = path.split(separator: "/")
        return own.count == segments.count && zip(own, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
