extension RateLimit {
    /// How many calls may pass, and how many of them at once.
    public struct Configuration: PolicyConfiguration {
        /// Calls a ``period``, in the long run. 1 … 1,000,000,000.
        public var permits: Int
        /// What ``permits`` are counted over. 1 ms … 1 day; default 1 s.
        public var period: Duration
        /// Calls that may pass at once after a quiet time. 1 … 1,000,000,000; default ``permits``.
        public var burst: Int

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(permits: Int, per period: Duration = .seconds(1), burst: Int? = nil) {
            self.permits = permits
            self.period = period
            self.burst = burst ?? permits
        }

        public static var policy: String { "RateLimit" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            let counts = 1...1_000_000_000
            check.require(counts.contains(permits), "permits", permits, "1 … 1000000000")
            check.require(
                (.milliseconds(1) ... .seconds(86_400)).contains(period), "period", period, "1 ms … 1 day")
            check.require(counts.contains(burst), "burst", burst, "1 … 1000000000")
            return check.problems
        }
    }
}
