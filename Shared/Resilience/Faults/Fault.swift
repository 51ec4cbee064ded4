/// The ways in which a fault makes a call fail. The raw values are those of `PUT /faults`.
public enum FaultKind: String, Sendable, Hashable, CaseIterable {
    /// Slow: the call is delayed, and goes on.
    case latency
    /// An answer with an error.
    case error
    /// The connection ends without an answer.
    case abort
    /// No answer, ever.
    case blackHole = "black-hole"
    /// An answer that looks like a success and breaks the contract.
    case garbage
}

/// One fault to inject: what, where, how often, how long.
public struct Fault: PolicyConfiguration {
    /// Whether a fault bites before or after the work.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Instead of the work, or before it.
        case before
        /// When the work is done: the answer is affected, the effect isn't.
        case after
    }

    /// What it does to a call.
    public var kind: FaultKind
    /// The route, or any other name, that it is for; nil (default): every one.
    public var route: String?
    /// The only priority whose calls it bites; a call of unknown priority is then spared. nil (default):
    /// every one.
    public var priority: Priority?
    /// How long the call is delayed before the fault bites; with ``FaultKind/latency`` that is all it does.
    /// 0 … 1 h, above 0 for a latency; default 0.
    public var delay: Duration
    /// By how much ``delay`` varies, up or down, uniformly. 0 … ``delay``; default 0.
    public var jitter: Duration
    /// The share of calls that it bites, in percent. 0 … 100; default 100.
    public var percent: Double
    /// Default ``Phase/before``.
    public var when: Phase
    /// How long it lasts, from when it is set. Above 0, at most 24 h; default 60 s, so that none is
    /// forgotten.
    public var expiresIn: Duration
    /// How many calls it holds at once, at most; a call beyond is spared. Above 0; nil (default): no bound.
    public var atMost: Int?
    /// The same seed bites the same calls, in the order in which they are made; nil (default): a random seed.
    public var seed: UInt64?
    /// For ``FaultKind/error`` over HTTP: the status of the answer. 400 … 599; nil (default): the HTTP server
    /// or client chooses.
    public var status: Int?

    /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made with
    /// them.
    public init(
        _ kind: FaultKind, route: String? = nil, priority: Priority? = nil, delay: Duration = .zero,
        jitter: Duration = .zero,
        percent: Double = 100, when: Phase = .before, expiresIn: Duration = .seconds(60), atMost: Int? = nil,
        seed: UInt64? = nil, status: Int? = nil
    ) {
        self.kind = kind
        self.route = route
        self.priority = priority
        self.delay = delay
        self.jitter = jitter
        self.percent = percent
        self.when = when
        self.expiresIn = expiresIn
        self.atMost = atMost
        self.seed = seed
        self.status = status
    }

    public static var policy: String { "Fault" }

    public var problems: [String] {
        var check = ConfigurationCheck()
        let hour = Duration.seconds(3600)
        if kind == .latency {
            check.require(delay > .zero && delay <= hour, "delay", delay, "above 0, at most 1 h")
        } else {
            check.require((.zero...hour).contains(delay), "delay", delay, "0 … 1 h")
        }
        check.require(jitter >= .zero && jitter <= max(.zero, delay), "jitter", jitter, "0 … delay")
        check.require((0...100).contains(percent), "percent", percent, "0 … 100")
        check.require(
            expiresIn > .zero && expiresIn <= hour * 24, "expiresIn", expiresIn, "above 0, at most 24 h")
        if let atMost { check.require(atMost > 0, "atMost", atMost, "above 0") }
        if let status { check.require((400...599).contains(status), "status", status, "400 … 599") }
        return check.problems
    }
}
