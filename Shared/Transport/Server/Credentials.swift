import HTTPTypes

/// The two shared secrets, and how a request's bearer token is compared with them.
package struct Credentials: Sendable {
    let service: String
    let administrator: String?

    package init(service: String, administrator: String?) {
        self.service = service
        self.administrator = administrator
    }

    func isService(_ headers: HTTPFields) -> Bool { headers[.authorization].map(isService) ?? false }

    /// - Parameter authorization: the header's value.
    func isService(_ authorization: String) -> Bool {
        Self.bearer(authorization).map { Self.equal($0, service) } ?? false
    }

    func isAdministrator(_ headers: HTTPFields) -> Bool {
        guard let administrator else { return false }
        return headers[.authorization].flatMap(Self.bearer).map { Self.equal($0, administrator) } ?? false
    }

    package var hasAdministrator: Bool { administrator != nil }

    package func isAdministrator(token: String) -> Bool {
        administrator.map { Self.equal(token[...], $0) } ?? false
    }

    private static func bearer(_ authorization: String) -> Substring? {
        guard authorization.prefix(7).lowercased() == "bearer " else { return nil }
        return authorization.dropFirst(7)
    }

    /// Takes as long for a near miss as for a far one, so that the time taken tells nothing about the secret.
    private static func equal(_ given: Substring, _ secret: String) -> Bool {
        let given = Array(given.utf8)
        let secret = Array(secret.utf8)
        var difference = given.count ^ secret.count
        for (index, byte) in secret.enumerated() {
            difference |= Int(byte ^ (index < given.count ? given[index] : ~byte))
        }
        return difference == 0
    }
}
