package import HTTPTypes
package import ServingPath

/// One line of a service's route table: what is asked, how much it matters, how long it may take, who may
/// ask.
package struct Route: Sendable {
    package enum Access: Sendable {
        case everybody
        /// Only with the services' shared token.
        case services
        /// Only with the administrator's token.
        case administrators
    }

    /// What becomes of parameters behind a `?`.
    package enum Query: Sendable {
        /// The route has none: any is 422. One that is spelled wrongly, or meant for a list, would otherwise
        /// change nothing.
        case none
        /// The handler says which it has, with whatever else is wrong.
        case checked
        /// Any are put up with: what a monitor adds must not make a service look dead.
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
    /// Whether it begins something that will need space and time later, and so is refused first where either
    /// runs out. What finishes or undoes what was begun isn't, nor is reading.
    package var addsWork = false
    /// A request that repeats an earlier one adds no work: the handler gets ``Call/refusal``, and looks for
    /// the earlier one first.
    package var answersRepeats = false
    package var query = Query.ignored
    package var handler: Handler

    package static func get(
        _ path: String, _ criticality: Criticality = .critical, budget: Duration = .seconds(5),
        access: Access = .everybody, query: Query = .none, handler: @escaping Handler
    ) -> Route {
        Route(
            method: .get, path: path, criticality: criticality, budget: budget, access: access, query: query,
            handler: handler)
    }

    package static func post(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .everybody,
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
        access: Access = .everybody,
        handler: @escaping Handler
    ) -> Route {
        Route(
            method: .put, path: path, criticality: criticality, budget: budget, access: access,
            handler: handler)
    }

    package static func delete(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .everybody,
        handler: @escaping Handler
    ) -> Route {
        Route(
            method: .delete, path: path, criticality: criticality, budget: budget, access: access,
            handler: handler)
    }

    package static func patch(
        _ path: String, _ criticality: Criticality, budget: Duration = .seconds(5),
        access: Access = .everybody,
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
