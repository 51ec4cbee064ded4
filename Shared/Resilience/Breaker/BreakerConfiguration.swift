extension CircuitBreaker {
    /// When a breaker opens, and how it finds its way back.
    public struct Configuration: PolicyConfiguration {
        /// Which calls the rates are taken over.
        public enum Window: Sendable, Hashable {
            /// The last so many calls: 1 to 10,000. It reacts alike at any load, but keeps old outcomes when
            /// calls are rare.
            case calls(Int)
            /// The calls of so much time, in ten slices: 100 ms to 1 h. Old outcomes are forgotten.
            case time(Duration)
        }

        /// Which calls the rates are taken over. By default those of the last 10 s.
        public var window: Window
        /// Fewer calls than this in the window decide nothing: at least 1, at most the window's own number;
        /// default 20.
        public var minimumCalls: Int
        /// Opens when this share of the window's calls has failed: above 0, at most 1; default 0.5.
        public var failureRate: Double
        /// A call that took at least so long is slow; nil, the default: none is. Above zero, at most 100
        /// years. A slow probe counts as a failed one.
        public var slowCall: Duration?
        /// Opens when this share of the window's calls was slow: above 0, at most 1; default 0.8.
        public var slowCallRate: Double
        /// How long it stays open the first time. Above zero; default 1 s.
        public var openDuration: Duration
        /// Each opening after that doubles the time, up to this: `openDuration` to 100 years; default 30 s. A
        /// breaker that then stays closed for as long as it was last open has forgotten its earlier openings.
        public var longestOpenDuration: Duration
        /// Probes at once when half-open, and how many have to succeed for it to close: 1 to 1,000; default
        /// 2.
        public var probes: Int
        /// A probe that takes longer is given up: its permit is free for another, its answer no longer
        /// counts. Above zero, at most 100 years; default 10 s. The call itself is not ended by that; a
        /// ``Timeout`` inside the breaker does so.
        public var probeTimeout: Duration

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(
            window: Window = .time(.seconds(10)), minimumCalls: Int = 20, failureRate: Double = 0.5,
            slowCall: Duration? = nil, slowCallRate: Double = 0.8, openDuration: Duration = .seconds(1),
            longestOpenDuration: Duration = .seconds(30), probes: Int = 2,
            probeTimeout: Duration = .seconds(10)
        ) {
            self.window = window
            self.minimumCalls = minimumCalls
            self.failureRate = failureRate
            self.slowCall = slowCall
            self.slowCallRate = slowCallRate
            self.openDuration = openDuration
            self.longestOpenDuration = longestOpenDuration
            self.probes = probes
            self.probeTimeout = probeTimeout
        }

        public static var policy: String { "CircuitBreaker" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            switch window {
            case .calls(let count):
                check.require((1...10_000).contains(count), "window", "\(count) calls", "1 to 10000 calls")
                check.require(
                    minimumCalls <= count, "minimumCalls", minimumCalls, "at most the window's \(count) calls"
                )
            case .time(let time):
                let range: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3600))
                check.require(range.contains(time), "window", time, "0.1 s to 1 h")
            }
            check.require(minimumCalls >= 1, "minimumCalls", minimumCalls, "at least 1")
            check.require(
                failureRate > 0 && failureRate <= 1, "failureRate", failureRate, "above 0 and at most 1")
            check.require(
                slowCall?.isReasonable ?? true, "slowCall", slowCall ?? .zero,
                "above zero and at most 100 years")
            check.require(
                slowCallRate > 0 && slowCallRate <= 1, "slowCallRate", slowCallRate, "above 0 and at most 1")
            check.require(openDuration > .zero, "openDuration", openDuration, "above zero")
            check.require(
                longestOpenDuration >= openDuration && longestOpenDuration <= .longest, "longestOpenDuration",
                longestOpenDuration,
                "at least openDuration, \(openDuration), and at most 100 years")
            check.require((1...1000).contains(probes), "probes", probes, "1 to 1000")
            check.require(
                probeTimeout.isReasonable, "probeTimeout", probeTimeout, "above zero and at most 100 years")
            return check.problems
        }
    }
}
