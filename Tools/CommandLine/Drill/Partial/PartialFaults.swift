import Contracts

/// The partial faults that follow from what order declares.
enum PartialFaults {
    /// How late dependencies answer in a brownout, in milliseconds: roughly their callers' timeouts.
    private static let lateness = ["payment": 750, "inventory": 400, "coupon": 300]
    private static let usualLateness = 500
    /// Orders a second in brownouts, few enough for a queue whose deliveries are all slow; and the share that
    /// it has to finish.
    private static let (brownoutRate, keepingUp) = (10.0, 0.8)
    /// The share at the full rate, which is more than a lane's 32 concurrent deliveries can finish.
    private static let goingOn = 0.4

    static func all(_ path: PathDocument) -> [PartialFault] {
        experiments(for: path.drilledOperations) + brownouts(path.dependencies)
    }

    /// An operation that customers browse with, and a brownout of the last critical dependency.
    static func quick(_ path: PathDocument) -> [PartialFault] {
        let all = all(path)
        let operation = all.first { $0.group == .quotes }.flatMap { quotes in
            all.first {
                $0.group == .operation && $0.injected.map(\.fault.route) == quotes.injected.map(\.fault.route)
            }
        }
        let payment = path.dependencies.last { $0.role == .critical }?.name
        let brownout = all.first { $0.group == .brownout && $0.services == [payment] }
        return [operation, brownout].compactMap(\.self)
    }

    /// Every operation broken alone, every criticality's requests broken alone, and quotes broken or shed.
    static func experiments(for operations: [Operation]) -> [PartialFault] {
        operations.flatMap { operation in
            failures(of: operation, operations).map { alone(operation, $0, among: operations) }
        }
            + traffic(operations) + operations.filter(\.isBrowsed).flatMap(quotes)
    }

    // MARK: One operation

    /// Every operation fails. Those that orders wait for are also black-holed, and the first other operation
    /// of each dependency is also slow.
    private static func failures(of operation: Operation, _ operations: [Operation]) -> [PartialFailure] {
        if operation.isAwaited { return [.failing, .blackHoled] }
        let first = operations.first { $0.dependency == operation.dependency && !$0.isAwaited }
        let isAlone = !operations.contains { $0.dependency == operation.dependency && $0 != operation }
        return first == operation && !isAlone ? [.failing, .slow] : [.failing]
    }

    private static func alone(
        _ operation: Operation, _ failure: PartialFailure, among operations: [Operation]
    ) -> PartialFault {
        PartialFault(
            group: .operation, name: "\(operation.dependency)-\(operation.name)-\(failure.rawValue)",
            injected: [.init(service: operation.dependency, fault: failure.fault(route: operation.route))],
            words: failure.words(operation.dependency, operation.route),
            expectation: expectation([operation], operations),
            goesOn: operations.filter {
                $0.dependency == operation.dependency && $0 != operation && !$0.follows(operation)
            })
    }

    /// - Parameter broken: the operations that fail for customers' own requests.
    private static func expectation(_ broken: [Operation], _ operations: [Operation])
        -> PartialFault.Expectation
    {
        guard let first = broken.first else { return .undegraded }
        if let awaited = broken.first(where: \.isAwaited) {
            return awaited.role == .critical
                ? .accepted(isTotal: true) : .confirmedWithout(first.dependency, isTotal: true)
        }
        // An order reports a late message only if the dependency has no other operation: then its breaker
        // tells.
        let isAlone = !operations.contains { $0.dependency == first.dependency && $0 != first }
        return isAlone && first.role == .optional
            ? .confirmedWithout(first.dependency, isTotal: false) : .undegraded
    }

    // MARK: One criticality

    private static func traffic(_ operations: [Operation]) -> [PartialFault] {
        let dependencies = operations.map(\.dependency).reduce(into: [String]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }
        return dependencies.flatMap { dependency in
            let own = operations.filter { $0.dependency == dependency }
            let classes = ["sheddable", "sheddable-plus", "critical-plus"].filter { one in
                own.contains { $0.criticalities.contains(one) }
            }
            // With one criticality, it would equal the operation broken alone.
            return classes.count < 2
                ? [] : classes.flatMap { criticality in traffic(own, criticality, among: operations) }
        }
    }

    private static func traffic(_ own: [Operation], _ criticality: String, among operations: [Operation])
        -> [PartialFault]
    {
        let dependency = own[0].dependency
        let isOrders = criticality == "critical-plus"
        // Shed is the realistic failure. Slow holds up more; for orders it would equal the operation's black
        // hole.
        let failures: [PartialFailure] =
            isOrders ? [.failing] : own[0].role == .critical ? [.shed, .slow] : [.shed]
        return failures.map { failure in
            PartialFault(
                group: .traffic, name: "\(dependency)-\(criticality)-\(failure.rawValue)",
                injected: [.init(service: dependency, fault: failure.fault(criticality: criticality))],
                words: failure.words(dependency, "\(criticality) requests"),
                expectation: isOrders ? expectation(own.filter(\.isAwaited), operations) : .undegraded,
                goesOn: own.filter { $0.criticalities != [criticality] })
        }
    }

    // MARK: Quotes

    private static func quotes(_ operation: Operation) -> [PartialFault] {
        let failures: [PartialFailure] = operation.role == .critical ? [.failing, .shed, .slow] : [.shed]
        return failures.map { failure in
            PartialFault(
                group: .quotes, name: "\(operation.dependency)-\(operation.name)-\(failure.rawValue)",
                injected: [
                    .init(service: operation.dependency, fault: failure.fault(route: operation.route))
                ],
                words: failure.words(operation.dependency, operation.route)
                    + ", beside 20 quotes and 10 product pages a second",
                expectation: .undegraded, reads: 40, hasSideTraffic: false, pages: 10)
        }
    }

    // MARK: Brownouts

    /// A brownout of each dependency on the path alone, at both rates, and of all together.
    private static func brownouts(_ dependencies: [DependencyDocument]) -> [PartialFault] {
        let awaited = dependencies.filter { !$0.isOffThePath }
        let alone = awaited.flatMap { [brownout([$0], rate: brownoutRate), brownout([$0], rate: nil)] }
        return alone + (awaited.count > 1 ? [brownout(awaited, rate: brownoutRate)] : [])
    }

    private static func brownout(_ dependencies: [DependencyDocument], rate: Double?) -> PartialFault {
        let late = dependencies.map { (name: $0.name, milliseconds: lateness[$0.name] ?? usualLateness) }
        let isCritical = dependencies.contains { $0.role == .critical }
        return PartialFault(
            group: .brownout,
            name: late.map(\.name).joined(separator: "+") + "-at-"
                + (rate.map(\.formattedWithoutZeros) ?? "full-rate"),
            injected: late.map {
                .init(service: $0.name, fault: FaultRequest(kind: "latency", milliseconds: $0.milliseconds))
            },
            words: late.map { "\($0.name) answers \($0.milliseconds) ms late" }.joined(separator: ", "),
            expectation: isCritical
                ? .accepted(isTotal: false) : .confirmedWithout(late[0].name, isTotal: false),
            finishing: rate == nil ? goingOn : keepingUp, rate: rate, hasSideTraffic: false)
    }
}
