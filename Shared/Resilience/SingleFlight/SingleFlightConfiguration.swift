/// The numbers of a ``SingleFlight``.
public struct SingleFlightConfiguration: PolicyConfiguration {
    /// Flights that may run at once, each for a key of its own; joining a running one is always possible.
    /// Above 0; by default not bounded, since each has a caller that waits for it.
    public var maximumFlights: Int

    /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made with
    /// them.
    public init(maximumFlights: Int = .max) { self.maximumFlights = maximumFlights }

    public static var policy: String { "SingleFlight" }

    public var problems: [String] {
        var check = ConfigurationCheck()
        check.require(maximumFlights > 0, "maximumFlights", maximumFlights, "above 0")
        return check.problems
    }
}
