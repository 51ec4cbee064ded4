/// A policy was given numbers that are out of range: all of them are listed, each with its name, value and
/// range.
public struct InvalidConfiguration: Error, Sendable, Hashable, CustomStringConvertible {
    /// What can't be configured: `CircuitBreaker`.
    public var policy: String
    /// One line a problem: `failureRate is 1.5; it must be above 0 and at most 1`.
    public var problems: [String]

    /// For configurations of one's own: ``PolicyConfiguration/validate()`` makes one from a list of problems.
    public init(policy: String, problems: [String]) {
        self.policy = policy
        self.problems = problems
    }

    public var description: String { "\(policy): \(problems.joined(separator: "; "))" }
}

/// Collects what is wrong with a configuration.
struct ConfigurationCheck {
    private(set) var problems: [String] = []

    mutating func require<Value>(_ isRight: Bool, _ name: String, _ value: Value, _ range: String) {
        if !isRight { problems.append("\(name) is \(value); it must be \(range)") }
    }
}

/// The numbers of a policy: a plain value that lists its own problems, so that it can be checked before it is
/// applied.
public protocol PolicyConfiguration: Sendable, Hashable {
    /// The name of the policy in messages.
    static var policy: String { get }
    /// Everything that is wrong with it, one line each; empty when it can be used.
    var problems: [String] { get }
}

extension PolicyConfiguration {
    /// - Throws: ``InvalidConfiguration`` with every problem.
    public func validate() throws(InvalidConfiguration) {
        let problems = problems
        guard problems.isEmpty else { throw InvalidConfiguration(policy: Self.policy, problems: problems) }
    }
}
