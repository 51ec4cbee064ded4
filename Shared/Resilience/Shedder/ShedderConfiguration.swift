extension Shedder {
    /// The bounds of the limit, and how long and how many requests wait.
    public struct Configuration: PolicyConfiguration {
        /// Requests in work at once that are always admitted, all ranks together; a rank's share of it below
        /// that. 1 … `maximum`; default 16. So many at once must not be too many for the service in any
        /// situation, and enough on a disk that has become slow.
        public var minimum: Int
        /// Requests in work at once that are never exceeded, whatever is measured. `minimum` … 100,000;
        /// default 1,000.
        public var maximum: Int
        /// Where the search begins, and what a limit that isn't used goes back to. `minimum` … `maximum`;
        /// default 64, or the nearest that they allow. A service whose requests take a second without
        /// queueing finds its limit within a minute; at once if this is about as many as it has in work under
        /// its usual load.
        public var initial: Int
        /// What a request may spend queueing at the service itself, as a share of its caller's wait. 0.001 …
        /// 1, default 0.025: downstream calls take most of it, and a service with one core and one writer
        /// does half as much again when some requests queue for them. The latency of a request without a
        /// queue is found and not counted.
        public var share: Double
        /// How long a request waits for admission at most; a tenth of it in a standing queue, which hasn't
        /// become shorter for a quarter of it. 1 ms … 1 min; default 500 ms.
        public var maximumQueueTime: Duration
        /// Requests that may wait at once. 0 … 100,000; default 1,000.
        public var queueLength: Int

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(
            minimum: Int = 16, maximum: Int = 1000, initial: Int? = nil, share: Double = 0.025,
            maximumQueueTime: Duration = .milliseconds(500), queueLength: Int = 1000
        ) {
            self.minimum = minimum
            self.maximum = maximum
            self.initial = initial ?? max(minimum, min(64, maximum))
            self.share = share
            self.maximumQueueTime = maximumQueueTime
            self.queueLength = queueLength
        }

        public static var policy: String { "Shedder" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require((1...100_000).contains(maximum), "maximum", maximum, "from 1 to 100000")
            check.require(minimum >= 1 && minimum <= maximum, "minimum", minimum, "from 1 to the maximum")
            check.require(
                initial >= minimum && initial <= maximum, "initial", initial,
                "from the minimum to the maximum")
            check.require((0.001...1).contains(share), "share", share, "from 0.001 to 1")
            check.require(
                maximumQueueTime >= .milliseconds(1) && maximumQueueTime <= .seconds(60), "maximumQueueTime",
                maximumQueueTime, "from 1 ms to 1 minute")
            check.require((0...100_000).contains(queueLength), "queueLength", queueLength, "from 0 to 100000")
            return check.problems
        }
    }
}
