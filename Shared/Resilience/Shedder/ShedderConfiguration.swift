extension Shedder {
    /// How much is worked on at once, and who waits for how long.
    public struct Configuration: PolicyConfiguration {
        /// Requests in work at once that are always let in, all ranks together; a rank's share of it below that. 1 … `maximum`;
        /// default 16. So many at once must not be too many for the service, whatever happens.
        public var minimum: Int
        /// Requests in work at once that are never exceeded, whatever is measured. `minimum` … 100,000; default 1,000.
        public var maximum: Int
        /// Where the search begins. `minimum` … `maximum`; default 32, or the nearest that they allow.
        public var initial: Int
        /// The latency that is put up with, as a multiple of the healthy one: 1.1 … 10, default 5. What waits in a service that
        /// does several things at once also keeps it busy: most of them do most of their work only when some requests queue.
        public var tolerance: Double
        /// How long a request waits for its place at most; a tenth of it while the line stands. 1 ms … 1 min; default 250 ms, in which
        /// a crowd at one instant is worked off.
        public var patience: Duration
        /// Requests that wait at once, at most. 0 … 100,000; default 1,000.
        public var places: Int

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made with them.
        public init(
            minimum: Int = 16, maximum: Int = 1000, initial: Int? = nil, tolerance: Double = 5,
            patience: Duration = .milliseconds(250), places: Int = 1000
        ) {
            self.minimum = minimum
            self.maximum = maximum
            self.initial = initial ?? max(minimum, min(32, maximum))
            self.tolerance = tolerance
            self.patience = patience
            self.places = places
        }

        public static var policy: String { "Shedder" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require(
                patience >= .milliseconds(1) && patience <= .seconds(60), "patience", patience, "from 1 ms to 1 minute")
            check.require((0...100_000).contains(places), "places", places, "from 0 to 100000")
            return limit.problems + check.problems
        }

        var limit: AdaptiveLimit.Configuration {
            AdaptiveLimit.Configuration(minimum: minimum, maximum: maximum, initial: initial, tolerance: tolerance)
        }
    }
}
