extension AdaptiveLimit {
    /// The bounds and the numbers of the search for the limit. The defaults suit most services.
    public struct Configuration: PolicyConfiguration {
        /// Calls at once that are always let pass. 1 … `maximum`; default 1.
        public var minimum: Int
        /// Calls at once that are never exceeded, whatever is measured. `minimum` … 100,000; default 1,000.
        public var maximum: Int
        /// Where the search begins. `minimum` … `maximum`; default 20, or the nearest that they allow.
        public var initial: Int
        /// The accepted mean latency, as a multiple of the one without queueing. 1.1 … 10; default 1.5, as in
        /// Netflix's gradient2. Lower queues less; too low takes the jitter of the service for queueing.
        public var tolerance: Double
        /// Queueing that is accepted in any case, however fast the service is. 0 … 1 s; default 5 ms, CoDel's
        /// target (RFC 8289): a service that works in batches has to queue a little, or its batches stay
        /// small.
        public var slack: Duration
        /// Outcomes in one window, at least: it grows with the limit, up to ten times as many. 10 … 10,000;
        /// default 50. More is steadier and slower.
        public var samples: Int

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(
            minimum: Int = 1, maximum: Int = 1000, initial: Int? = nil, tolerance: Double = 1.5,
            slack: Duration = .milliseconds(5), samples: Int = 50
        ) {
            self.minimum = minimum
            self.maximum = maximum
            self.initial = initial ?? max(minimum, min(20, maximum))
            self.tolerance = tolerance
            self.slack = slack
            self.samples = samples
        }

        public static var policy: String { "AdaptiveLimit" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require(minimum >= 1, "minimum", minimum, "at least 1")
            check.require(maximum <= 100_000, "maximum", maximum, "at most 100000")
            check.require(minimum <= maximum, "maximum", maximum, "at least minimum, \(minimum)")
            check.require(
                initial >= minimum && initial <= maximum, "initial", initial, "from minimum to maximum")
            check.require((1.1...10).contains(tolerance), "tolerance", tolerance, "from 1.1 to 10")
            check.require(slack >= .zero && slack <= .seconds(1), "slack", slack, "from 0 to 1 second")
            check.require((10...10_000).contains(samples), "samples", samples, "from 10 to 10000")
            return check.problems
        }
    }
}
