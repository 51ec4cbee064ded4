import Contracts
import Foundation
import Testing

/// The places that there should be, by what the sources name and the services declare: none may be forgotten.
struct DeclaredPlaces {
    /// A journey doesn't come there, and nothing of its orders hangs on them: expiries, what was sold again
    /// after one, deletions of what is old, what coupon is told after a loss (``LostWritesTests``), and what
    /// operators ask for.
    private static let apart: Set<String> = [
        "commit expiry", "commit expired", "commit deleted", "commit undeliverable", "commit redrive",
        "answer POST /queue/dead/redrive", "answer POST /backup",
        "answer PUT /faults", "answer DELETE /faults", "answer POST /reconciliation", "commit reconciliation",
    ]

    let stack: SystemStack

    /// Those that are not among `passed`.
    func missing(from passed: Set<CrashPlace>) async throws -> Set<String> {
        let names = Set(passed.map { $0.name.split(separator: " ").dropFirst().joined(separator: " ") })
        let declared = try commits().union(try await answers())
        return declared.subtracting(names).subtracting(Self.apart)
    }

    /// How many different calls order makes, without what it is to make after a loss only.
    func calls() async throws -> Int {
        let path: PathDocument = try await stack.get("order", "/csp")
        return path.dependencies.reduce(0) { $0 + $1.operations.count { $0.route != nil } }
    }

    /// Every `write("…")` with a name that stands in the sources.
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
            for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
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

    /// Every route of every service that changes something.
    private func answers() async throws -> Set<String> {
        struct Document: Decodable {
            struct Operation: Decodable {}
            var paths: [String: [String: Operation]]
        }
        var found: Set<String> = []
        for service in ServiceName.allCases.map(\.rawValue) {
            let document: Document = try await stack.get(service, "/openapi.json")
            for (path, methods) in document.paths {
                for method in methods.keys where ["post", "put", "patch", "delete"].contains(method) {
                    found.insert("answer \(method.uppercased()) \(path)")
                }
            }
        }
        return found
    }
}
