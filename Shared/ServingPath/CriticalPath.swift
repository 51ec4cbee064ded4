public import Resilience

/// The dependencies of a service, each declared once. Nothing can be called that isn't declared here:
/// ``CriticalOperation`` and ``OptionalOperation`` are made from a dependency, and only a path makes those.
///
/// ```swift
/// let path = CriticalPath()
/// let coupon = try path.optional(Declaration(name: "coupon", …))
/// let redeem = try OptionalOperation(coupon, "redeem", isIdempotent: true) { request, context in
///     try await client.redeem(request, until: context.deadline)
/// } fallback: { request, reason in
///     .absent
/// }
/// ```
public final class CriticalPath: Sendable {
    private let environment: PathEnvironment
    private let declared = Locked<[Dependency]>([])

    /// A path without dependencies; they all share the environment.
    public init(environment: PathEnvironment = PathEnvironment()) { self.environment = environment }

    /// Declares a dependency without which there is no purchase.
    ///
    /// - Parameters:
    ///   - declaration: what the path says of it.
    ///   - isReady: asks the dependency whether it is ready, by the deadline. While the breaker is open it is
    ///     asked first, and only after a yes does a customer's call probe the dependency. Nil: the call
    ///     probes at once.
    /// - Throws: `InvalidConfiguration` with every problem, a name that is taken among them.
    public func critical(_ declaration: Declaration, isReady: (@Sendable (Deadline) async -> Bool)? = nil)
        throws(InvalidConfiguration) -> CriticalDependency
    {
        CriticalDependency(dependency: try add(declaration, isCritical: true, isReady))
    }

    /// Declares a dependency without which a purchase goes on.
    /// - Throws: `InvalidConfiguration` with every problem, a name that is taken among them.
    public func optional(_ declaration: Declaration) throws(InvalidConfiguration) -> OptionalDependency {
        OptionalDependency(dependency: try add(declaration, isCritical: false, nil))
    }

    /// Every dependency in the order of declaration, with its numbers and its state as they are now.
    public var dependencies: [DependencyStatus] { declared.withLock { $0 }.map(\.status) }

    /// The numbers of one dependency as they are now; nil for one that isn't declared.
    public func protection(of name: String) -> Protection? { dependency(name)?.protection }

    /// Replaces the numbers of one dependency: all of them, or none. Calls under way keep those they found.
    /// - Throws: `InvalidConfiguration` with every problem; the old numbers stay.
    public func reconfigure(_ name: String, _ protection: Protection) throws(InvalidConfiguration) {
        try known(name).reconfigure(protection)
    }

    /// Forces the breakers of one dependency open or closed, has them only observe, or makes them automatic
    /// again.
    /// - Throws: `InvalidConfiguration` for a dependency that isn't declared.
    public func set(_ control: BreakerControl, of name: String) throws(InvalidConfiguration) {
        try known(name).set(control)
    }

    private func add(
        _ declaration: Declaration, isCritical: Bool, _ isReady: (@Sendable (Deadline) async -> Bool)?
    ) throws(InvalidConfiguration) -> Dependency {
        var declaration = declaration
        if !environment.isProtected { declaration.protection = declaration.protection.switchedOff }
        var problems = declaration.protection.problems
        if declaration.name.isEmpty { problems.append("the dependency has no name") }
        if dependency(declaration.name) != nil { problems.append("\(declaration.name) is declared already") }
        if declaration.fallback.isEmpty {
            problems.append("what happens instead of \(declaration.name) is not said")
        }
        if declaration.effect.isEmpty {
            problems.append("what a customer notices without \(declaration.name) is not said")
        }
        guard problems.isEmpty else {
            throw InvalidConfiguration(policy: declaration.name, problems: problems)
        }
        let dependency = Dependency(
            declaration, isCritical: isCritical, isReady: isReady, environment: environment)
        let isFirst = declared.withLock { declared in
            // Another declaration may have been added since the name was checked.
            if declared.contains(where: { $0.declaration.name == dependency.declaration.name }) {
                return false
            }
            declared.append(dependency)
            return true
        }
        guard isFirst else {
            throw InvalidConfiguration(
                policy: declaration.name, problems: ["\(declaration.name) is declared already"])
        }
        return dependency
    }

    private func dependency(_ name: String) -> Dependency? {
        declared.withLock { $0 }.first { $0.declaration.name == name }
    }

    private func known(_ name: String) throws(InvalidConfiguration) -> Dependency {
        guard let dependency = dependency(name) else {
            throw InvalidConfiguration(policy: "CriticalPath", problems: ["\(name) is not declared"])
        }
        return dependency
    }
}

/// A dependency that was declared as critical; only ``CriticalPath/critical(_:isReady:)`` makes one.
public struct CriticalDependency: Sendable {
    let dependency: Dependency
}

/// A dependency that was declared as optional; only ``CriticalPath/optional(_:)`` makes one.
public struct OptionalDependency: Sendable {
    let dependency: Dependency
}

/// What a path takes from its process.
public struct PathEnvironment: Sendable {
    /// The clock of every policy. Default: the system's.
    public var time: TimeSource
    /// The random source of every policy: the jitter of retries. Default: the system's.
    public var random: RandomSource
    /// False switches every protection off, for comparison: see ``Protection/switchedOff``.
    public var isProtected: Bool
    /// Goes around every call, all of its tries and waits included: for traces. Default: none.
    public var observer: (any CallObserver)?
    /// Told of every call's end: the dependency's name, how it ended, and how long its caller waited. Must
    /// not block.
    public var called: @Sendable (_ dependency: String, CallOutcome, Duration) -> Void
    /// Told what the policies do, other than let a call pass. Must not block.
    public var happened: @Sendable (PolicyEvent) -> Void

    /// Everything has a default: the system's time and random source, protections on, no observers.
    public init(
        time: TimeSource = .system, random: RandomSource = .system, isProtected: Bool = true,
        observer: (any CallObserver)? = nil,
        called: @escaping @Sendable (_ dependency: String, CallOutcome, Duration) -> Void = { _, _, _ in },
        happened: @escaping @Sendable (PolicyEvent) -> Void = { _ in }
    ) {
        self.time = time
        self.random = random
        self.isProtected = isProtected
        self.observer = observer
        self.called = called
        self.happened = happened
    }
}
