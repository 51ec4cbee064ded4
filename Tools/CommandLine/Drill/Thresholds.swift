/// The numbers of the contract's matrix. Latencies in milliseconds, times in seconds.
enum Thresholds {
    /// How long a customer waits for `POST /orders`.
    static let deadline = 1000.0
    /// p99 from the first second of a fault.
    static let answered = deadline + 50
    /// After this time the customers' latency is as before the fault.
    static let isolation = 3.0
    /// From the service being back until all is normal.
    static let recovery = 10.0
    /// Connections of a service's HTTP client to one host: a bulkhead with a higher limit has no effect.
    static let connections = 128.0

    /// Bound of a stretch's p99, given the healthy one's.
    static func steady(_ healthy: Double) -> Double { max(1.5 * healthy, healthy + 20) }

    /// The same for a dependency off the path.
    static func offThePath(_ healthy: Double) -> Double { max(1.5 * healthy, healthy + 10) }

    /// Bound of p50 over the healthy p50, for a dependency off the path.
    static let offThePathRatio = 1.2

    /// The share that has to be served of the capacity that refusals leave.
    static let goodput = 0.9
    /// From the begin of an overload until goodput is within its bound.
    static let settling = 0.3
    /// From the end of an overload until all is normal.
    static let afterOverload = 2.0

    /// From the end of an outage under overload until all is normal at a load below the capacity.
    static let afterOutage = 10.0

    /// Bound of the admitted orders' p99 in overload, given that at 0.7 of the capacity.
    static func admitted(_ usual: Double) -> Double { 3 * usual }
}
