import HTTPTypes
import NIOHTTP1
import ServingPath

/// What admission has to know of a route, found by the method and path in the request's first line, in every
/// spelling in which the router finds the route.
struct AdmissionTable: Sendable {
    struct Entry: Sendable {
        var criticality: Criticality
        var budget: Duration
        /// Never shed.
        var isExempt = false
    }

    private struct Row: Sendable {
        var method: String
        /// Nil for a segment in braces.
        var segments: [[UInt8]?]
        var entry: Entry

        init(_ route: Route, isExempt: Bool) {
            method = route.method.rawValue
            segments = route.path.split(separator: "/").map { $0.hasPrefix("{") ? nil : Array($0.utf8) }
            entry = Entry(criticality: route.criticality, budget: route.budget, isExempt: isExempt)
        }

        func matches(_ method: String, _ path: Substring.UTF8View) -> Bool {
            guard method == self.method else { return false }
            var rest = path
            for segment in segments {
                let own = AdmissionTable.popSegment(&rest)
                guard segment.map({ own.elementsEqual($0) }) ?? !own.isEmpty else { return false }
            }
            return AdmissionTable.popSegment(&rest).isEmpty
        }
    }

    private let rows: [Row]
    /// First segments.
    private let exempt: [[UInt8]]
    /// For unknown paths: they cost little and nothing depends on them.
    private let unknown: Entry

    /// - Parameter exempt: the first segments of paths that are never shed, such as `csp`.
    init(_ routes: [Route], exempt: [String]) {
        let exempt = exempt.map { Array($0.utf8) }
        self.exempt = exempt
        rows = routes.map { route in
            var path = Substring(route.path).utf8
            let first = Self.popSegment(&path)
            return Row(route, isExempt: exempt.contains { first.elementsEqual($0) })
        }
        unknown = Entry(criticality: .sheddable, budget: .seconds(5))
    }

    func entry(_ method: HTTPMethod, _ uri: String) -> Entry {
        let path = Self.path(uri)
        // HEAD is answered by the route of GET.
        let method = method == .HEAD ? "GET" : method.rawValue
        for row in rows where row.matches(method, path) { return row.entry }
        var rest = path
        let first = Self.popSegment(&rest)
        var entry = unknown
        entry.isExempt = exempt.contains { first.elementsEqual($0) }
        return entry
    }

    /// Without the query, and without the scheme and the host of a request that names them (RFC 9112, 3.2.2).
    private static func path(_ uri: String) -> Substring.UTF8View {
        var path = Substring(uri).utf8
        if path.first != slash, let scheme = uri.firstRange(of: "://") {
            path = path[scheme.upperBound...].drop { $0 != slash && $0 != UInt8(ascii: "?") }
        }
        return path.prefix { $0 != UInt8(ascii: "?") }
    }

    /// The next segment, taken off; empty at the end. Slashes in a row are one.
    private static func popSegment(_ path: inout Substring.UTF8View) -> Substring.UTF8View {
        path = path.drop { $0 == slash }
        let segment = path.prefix { $0 != slash }
        path = path[segment.endIndex...]
        return segment
    }

    private static let slash = UInt8(ascii: "/")
}
