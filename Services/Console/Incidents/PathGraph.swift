import Contracts
import StackView

/// Who calls whom, as the services declare it.
struct PathGraph: Sendable, Hashable {
    private var calls: [String: Set<String>] = [:]
    private var critical: Set<String> = []
    /// Where customers come in: the caller that is called by none.
    private(set) var entry: String?
    /// What customers get without a service, as it is declared, by language.
    private(set) var effects: [String: [String: String]] = [:]

    init(_ dependencies: [Dashboard.Dependency]) {
        let called = Set(dependencies.map(\.name))
        entry = dependencies.map(\.from.rawValue).first { !called.contains($0) }
        for dependency in dependencies {
            calls[dependency.from.rawValue, default: []].insert(dependency.name)
            if dependency.role == .critical { critical.insert(dependency.name) }
            if dependency.from.rawValue == entry { effects[dependency.name] = dependency.effect }
        }
    }

    /// Whether customers can't finish a purchase at once without it. What is not declared yet may be.
    func isCritical(_ service: String) -> Bool {
        guard let entry else { return true }
        return service == entry || critical.contains(service)
    }

    /// All that it calls, and what those call.
    func below(_ service: String) -> Set<String> {
        var found: Set<String> = []
        var next = calls[service] ?? []
        while let one = next.popFirst() {
            guard found.insert(one).inserted else { continue }
            next.formUnion(calls[one] ?? [])
        }
        return found.subtracting([service])
    }

    /// All that fails where it fails: who calls it, and who calls those.
    func above(_ service: String) -> Set<String> {
        Set(calls.keys.filter { below($0).contains(service) })
    }
}
