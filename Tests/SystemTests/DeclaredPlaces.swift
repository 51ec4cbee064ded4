import Contracts
import Foundation
import Testing

/// The places that must exist, from the names in the sources and the declared routes.
struct DeclaredPlaces {
    /// Places that no journey passes and that don't affect its orders: expiries and sales after them,
    /// retention, reconciliation after a loss (``LostWritesTests``), and operators' routes.
    private static let apart: Set<String> = [
        "commit expiry", "commit expired", "commit deleted", "commit undeliverable", "commit redrive",
        "answer POST /queue/dead/redrive", "answer POST /backup",
        "answer PUT /faults", "answer DELETE /faults", "answer POST /reconciliation", "commit reconciliation",
    ]

    let stack: SystemStack

    /// The places that are not among `passed`.
    func missing(from passed: Set<CrashPlace>) async throws -> Set<String> {
        let names = Set(passed.map { $0.name.split(separator: " ").dropFirst().joined(separator: " ") })
        let declared = try commits().union(try await answers())
        return declared.subtracting(names).subtracting(Self.apart)
    }

    /// Number of different calls that order makes, without those after a loss.
    func calls() async throws -> Int {
        let path: PathDocument = try await stack.get("order", "/csp")
        return path.dependencies.reduce(0) { $0 + $1.operations.count { $0.route != nil } }
    }

    /// Every named `write("…")` in the sources of what a purchase passes: not the console's.
    private func commits() throws -> Set<String> {
        var root = Executables.folder
        while root.path != "/",
            !FileManager.default.fileExists(atPath: root.appending(path: "Package.swift").path)
        {
            root.deleteLastPathComponent()
        }
        var found: Set<String> = []
        for folder in ["Services", "Shared"] {
            let files = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for case let file as URL in files ?? .init()
            where file.pathExtension == "swift" && !file.path.contains("/Services/Console/") {
                let text = try String(contentsOf: file, encoding: .utf8)
                for match in text.matches(of: /\.write\("([a-z ]+)"\)/) { found.insert("commit \(match.1)") }
                #expect(
                    text.firstMatch(of: /store\.write \{/) == nil,
                    "a commit without a name in \(file.lastPathComponent)")
            }
        }
        try #require(found.count > 10)
        return found
    }

    /// Every route that changes something, of every service that a purchase leaves something in: not the
    /// console's.
    private func answers() async throws -> Set<String> {
        struct Document: Decodable {
            struct Operation: Decodable {}
            var paths: [String: [String: Operation]]
        }
        var found: Set<String> = []
        for service in ServiceName.allCases where service != .console {
            let document: Document = try await stack.get(service.rawValue, "/openapi.json")
            for (path, methods) in document.paths {
                for method in methods.keys where ["post", "put", "patch", "delete"].contains(method) {
                    found.insert("answer \(method.uppercased()) \(path)")
                }
            }
        }
        return found
    }
}
