public import Resilience

/// One of the numbers of a ``Protection``, by name, for settings, `GET /csp` and reconfiguration: a number
/// added here can be set, seen and changed everywhere.
public struct ProtectionNumber: Sendable {
    /// What a number counts. The raw values are those of `GET /csp`.
    public enum Unit: String, Sendable, Hashable {
        /// Time, to the nanosecond.
        case milliseconds
        /// Whole things: calls, tries, probes.
        case count
        /// 0 to 1.
        case share
        /// Things a second; need not be whole.
        case perSecond = "per-second"
    }

    /// In camel case, without unit: `attemptTimeout`.
    public let name: String
    /// What it counts.
    public let unit: Unit
    /// In words, for the operator who sets it.
    public let meaning: String
    /// The value in ``unit``; nil where this protection has none.
    public let value: @Sendable (Protection) -> Double?
    /// Writes a value, unchecked: ``Protection/problems`` says what is wrong with it.
    public let set: @Sendable (inout Protection, Double) -> Void

    /// The name with its unit, as JSON has it: `attemptTimeoutMilliseconds`.
    public var field: String { unit == .milliseconds ? name + "Milliseconds" : name }

    private static func time(
        _ name: String, _ meaning: String, _ path: any WritableKeyPath<Protection, Duration> & Sendable
    ) -> ProtectionNumber {
        ProtectionNumber(
            name: name, unit: .milliseconds, meaning: meaning, value: { $0[keyPath: path].inMilliseconds },
            set: { $0[keyPath: path] = .inMilliseconds($1) })
    }

    private static func count(
        _ name: String, _ meaning: String, _ path: any WritableKeyPath<Protection, Int> & Sendable
    ) -> ProtectionNumber {
        ProtectionNumber(
            name: name, unit: .count, meaning: meaning, value: { Double($0[keyPath: path]) },
            set: { $0[keyPath: path] = Int(max(-1e9, min(1e9, $1))) })
    }

    private static func real(
        _ name: String, _ unit: Unit, _ meaning: String,
        _ path: any WritableKeyPath<Protection, Double> & Sendable
    ) -> ProtectionNumber {
        ProtectionNumber(
            name: name, unit: unit, meaning: meaning, value: { $0[keyPath: path] },
            set: { $0[keyPath: path] = $1 })
    }

    /// All of them, in the order in which a call meets them.
    public static let all: [ProtectionNumber] = [
        count("concurrency", "calls of one operation and criticality under way at once", \.bulkhead.limit),
        count("waiting", "calls that may wait for their turn", \.bulkhead.waiting),
        ProtectionNumber(
            name: "longestWait", unit: .milliseconds, meaning: "how long a call waits for its turn at most",
            value: { $0.bulkhead.longestWait?.inMilliseconds },
            set: { $0.bulkhead.longestWait = .inMilliseconds($1) }),
        count("reserved", "of these, how many calls below critical have less", \.bulkhead.reserved),
        time("timeout", "what a customer waits for one call, all tries together", \.timeout),
        count("attempts", "tries while a customer waits", \.retry.attempts),
        time("retryBase", "longest wait before the second try", \.retry.backoff.base),
        time("retryCap", "longest wait before any try", \.retry.backoff.cap),
        real("retryShare", .share, "tries after the first, as a share of all calls", \.retryBudget.share),
        real(
            "retryMinimum", .perSecond, "tries after the first a second, however few the calls",
            \.retryBudget.minimumPerSecond),
        ProtectionNumber(
            name: "breakerWindow", unit: .milliseconds,
            meaning: "time over which the breaker takes its rates",
            value: { if case .time(let time) = $0.breaker.window { time.inMilliseconds } else { nil } },
            set: { $0.breaker.window = .time(.inMilliseconds($1)) }),
        count(
            "breakerMinimumCalls", "calls in the window before the breaker decides anything",
            \.breaker.minimumCalls),
        real("breakerFailureRate", .share, "share of failed calls at which it opens", \.breaker.failureRate),
        ProtectionNumber(
            name: "breakerSlowCall", unit: .milliseconds, meaning: "time from which a call is slow",
            value: { $0.breaker.slowCall?.inMilliseconds }, set: { $0.breaker.slowCall = .inMilliseconds($1) }
        ),
        real("breakerSlowRate", .share, "share of slow calls at which it opens", \.breaker.slowCallRate),
        time("breakerOpen", "how long it stays open the first time", \.breaker.openDuration),
        time("breakerLongestOpen", "how long it stays open at most", \.breaker.longestOpenDuration),
        count("breakerProbes", "probes that have to succeed for it to close", \.breaker.probes),
        time("breakerProbeTimeout", "when a probe that has no answer is given up", \.breaker.probeTimeout),
        time("attemptTimeout", "longest try while a customer waits", \.attemptTimeout),
        time("queueTimeout", "longest call that no customer waits for", \.queueTimeout),
    ]
}

extension Protection {
    /// Every number by ``ProtectionNumber/field``.
    public var numbers: [String: Double] {
        var numbers: [String: Double] = [:]
        for number in ProtectionNumber.all { numbers[number.field] = number.value(self) }
        return numbers
    }

    /// A copy with some numbers replaced, by ``ProtectionNumber/field``.
    /// - Throws: `InvalidConfiguration` with every unknown name and every count that isn't whole; if there
    ///   are none, with every problem of the resulting protection.
    public func replacing(_ changes: [String: Double]) throws(InvalidConfiguration) -> Protection {
        let known = Set(ProtectionNumber.all.map(\.field))
        let unknown = changes.keys.filter { !known.contains($0) || changes[$0]?.isFinite == false }.sorted()
        var problems = unknown.map { "\($0) is not a number of a protection" }
        for number in ProtectionNumber.all where number.unit == .count {
            guard let value = changes[number.field], value.isFinite, value != value.rounded() else {
                continue
            }
            problems.append("\(number.field) is \(value); it must be a whole number")
        }
        guard problems.isEmpty else { throw InvalidConfiguration(policy: Self.policy, problems: problems) }
        var changed = self
        for number in ProtectionNumber.all {
            if let value = changes[number.field] { number.set(&changed, value) }
        }
        try changed.validate()
        return changed
    }
}

extension Duration {
    var inMilliseconds: Double { self / .milliseconds(1) }

    /// To the nanosecond, so that a number that is read and written again stays the same; at most about a
    /// year, positive or negative.
    static func inMilliseconds(_ count: Double) -> Duration {
        .nanoseconds(Int64(max(-3e16, min(3e16, (count * 1_000_000).rounded()))))
    }
}
