import Resilience

/// One dependency as this process knows it: its operations, and the numbers that all of its policies share.
final class Dependency: Sendable {
    let declaration: Declaration
    let isCritical: Bool
    private let isReady: (@Sendable (Deadline) async -> Bool)?
    private let environment: PathEnvironment
    private let state: Locked<(operations: [Operation], protection: Protection, control: BreakerControl)>
    /// Held while all policies are changed: of two changes at once, the numbers of one remain, never some of
    /// each.
    private let changing = Locked(())

    /// - Parameters:
    ///   - declaration: checked by the path.
    ///   - isReady: asks a critical dependency whether it is ready, before a customer's call probes it.
    init(
        _ declaration: Declaration, isCritical: Bool, isReady: (@Sendable (Deadline) async -> Bool)?,
        environment: PathEnvironment
    ) {
        self.declaration = declaration
        self.isCritical = isCritical
        self.isReady = isReady
        self.environment = environment
        state = Locked(([], declaration.protection, environment.isProtected ? .automatic : .forcedClosed))
    }

    /// Adds an operation with policies of its own.
    /// - Throws: `InvalidConfiguration` where it has no name, or one that is taken.
    func operation(_ name: String, route: String?, concurrency: Int?) throws(InvalidConfiguration)
        -> Operation
    {
        try changing.withLock { _ throws(InvalidConfiguration) in
            let (operations, protection, control) = state.withLock { $0 }
            guard !name.isEmpty, !operations.contains(where: { $0.name == name }) else {
                throw InvalidConfiguration(
                    policy: declaration.name,
                    problems: ["the operation \"\(name)\" has no name, or one that is taken"])
            }
            let operation = try Operation(
                name, route: route, concurrency: concurrency, of: declaration.name, isCritical: isCritical,
                protection, control,
                isReady: isReady, environment: environment)
            state.withLock { $0.operations.append(operation) }
            return operation
        }
    }

    // MARK: Numbers

    var protection: Protection { state.withLock { $0.protection } }

    /// All or none: numbers that have passed the check are accepted by every policy.
    func reconfigure(_ new: Protection) throws(InvalidConfiguration) {
        let problems = new.problems
        guard problems.isEmpty else {
            throw InvalidConfiguration(policy: declaration.name, problems: problems)
        }
        try changing.withLock { _ throws(InvalidConfiguration) in
            let operations = state.withLock { state in
                state.protection = new
                return state.operations
            }
            for operation in operations { try operation.reconfigure(new) }
        }
    }

    /// Every breaker of every operation.
    func set(_ control: BreakerControl) {
        changing.withLock { _ in
            let operations = state.withLock { state in
                state.control = control
                return state.operations
            }
            for operation in operations { operation.set(control) }
        }
    }

    var status: DependencyStatus {
        let (operations, protection) = state.withLock { ($0.operations, $0.protection) }
        return DependencyStatus(
            declaration: declaration, isCritical: isCritical, operations: operations.map(\.status),
            protection: protection)
    }
}
