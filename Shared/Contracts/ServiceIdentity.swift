import CBuild

/// The version of everything here: the services, their OpenAPI documents and the command line.
package enum SystemVersion {
    package static let current = "0.2.0"
    /// What it was built from; `unknown` where the build wasn't told (`CSP_COMMIT`).
    package static let commit = String(cString: csp_commit())
    /// For a person: `0.2.0 (commit 4657dff)`.
    package static let description = "\(current) (commit \(commit))"
}

/// Which service an answer is from, as its `csp-service` header says: `payment/0.2.0`.
package struct ServiceIdentity: Sendable, CustomStringConvertible {
    package static let header = "csp-service"

    package var name: String
    package var version: String

    package init(name: String, version: String = SystemVersion.current) {
        self.name = name
        self.version = version
    }

    package var description: String { "\(name)/\(version)" }

    /// The service that a header's value names: the part before the slash.
    package static func name(in value: some StringProtocol) -> String { String(value.prefix { $0 != "/" }) }
}
