/// The numbers of the contract's matrix. Latencies in milliseconds, times in seconds.
enum Thresholds {
    /// What a customer waits for `POST /orders`.
    static let deadline = 1000.0
    /// p99 from the first second of a fault.
    static let answered = deadline + 50
    /// After this the customers' latency is as with everything healthy.
    static let isolation = 3.0
    /// From the service being back until all is normal.
    static let recovery = 10.0
    /// Connections of a service's HTTP client to one host: a bulkhead that admits more calls protects from
    /// nothing.
    static let connections = 128.0

    /// p99 of a stretch beside the healthy one's.
    static func steady(_ healthy: Double) -> Double { max(1.5 * healthy, healthy + 20) }

    /// The same for a dependency that no request waits for.
    static func offThePath(_ healthy: Double) -> Double { max(1.5 * healthy, healthy + 10) }

    /// p50 of a stretch over the healthy one's, for a dependency that no request waits for.
    static let offThePathRatio = 1.2

    /// Of what refusals leave of the capacity, what has to be served.
    static let goodput = 0.9
    /// From the step to overload until the stack serves as much of it as it can.
    static let settling = 0.3
    /// From the end of an overload until all is normal.
    static let afterOverload = 2.0

    /// From the end of an outage under too much load until all is normal at less than the capacity.
    static let afterOutage = 10.0

    /// p99 of the orders that are taken in overload, beside that at 0.7 of the capacity.
    static func admitted(_ usual: Double) -> Double { 3 * usual }
}
