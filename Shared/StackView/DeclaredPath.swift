package import Contracts

/// Which service depends on which, as each declares it of itself.
package struct DeclaredPath: Sendable, Equatable {
    package struct Dependency: Codable, Sendable, Equatable {
        var name: String
        var role: DependencyDocument.Role
        var criticality: String
        var effect: [String: String]

        init(_ document: DependencyDocument) {
            name = document.name
            role = document.role
            criticality = document.criticality
            effect = document.effectTranslations.merging(["en": document.effect]) { $1 }
        }
    }

    /// Of services that depend on others.
    package var byCaller: [ServiceName: [Dependency]] = [:]

    package init() {}

    mutating func update(_ path: PathDocument, of caller: ServiceName) {
        guard !path.dependencies.isEmpty || byCaller[caller] != nil else { return }
        byCaller[caller] = path.dependencies.map(Dependency.init)
    }

    func dependencies(of caller: ServiceName) -> [Dashboard.Dependency] {
        byCaller[caller, default: []].map { Dashboard.Dependency($0, from: caller) }
    }
}
