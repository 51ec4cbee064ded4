import HTTPTypes
import NIOHTTP1
import ServingPath

/// What admission has to know of a route, found by the method and path in the request's first line.
struct AdmissionTable: Sendable {
    struct Entry: Sendable {
        var criticality: Criticality
        var budget: Duration
    }

    private struct Row: Sendable {
        var method: String
        /// Nil for a segment in braces.
        var segments: [[UInt8]?]
        var entry: Entry

        init(_ route: Route, _ entry: Entry) {
            method = route.method.rawValue
            segments = route.path.split(separator: "/").map { $0.hasPrefix("{") ? nil : Array($0.utf8) }
            self.entry = entry
        }

        func matches(_ method: String, _ uri: String.UTF8View) -> Bool {
            guard method == self.method else { return false }
            var rest = uri.prefix { $0 != UInt8(ascii: "?") }
            for segment in segments {
                guard rest.popFirst() == UInt8(ascii: "/") else { return false }
                let own = rest.prefix { $0 != UInt8(ascii: "/") }
                guard segment.map({ own.elementsEqual($0) }) ?? !own.isEmpty else { return false }
                rest = rest[own.endIndex...]
            }
            return rest.isEmpty || rest.elementsEqual([UInt8(ascii: "/")])
        }
    }

    private let rows: [Row]
    /// First segments.
    private let exempt: [[UInt8]]
    /// For unknown paths: they cost little and nothing depends on them.
    private let unknown: Entry

    /// - Parameter exempt: the first segments of paths that are never shed, such as `csp`.
    init(_ routes: [Route], exempt: [String]) {
        rows = routes.map { Row($0, Entry(criticality: $0.criticality, budget: $0.budget)) }
        self.exempt = exempt.map { Array($0.utf8) }
        unknown = Entry(criticality: .sheddable, budget: .seconds(5))
    }

    /// Nil: never shed.
    func entry(_ method: HTTPMethod, _ uri: String) -> Entry? {
        let first = uri.utf8.dropFirst().prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        if exempt.contains(where: { first.elementsEqual($0) }) { return nil }
        // HEAD is answered by the route of GET.
        let method = method == .HEAD ? "GET" : method.rawValue
        for row in rows where row.matches(method, uri.utf8) { return row.entry }
        return unknown
    }
}
