/// Which caller waits for which flight, without clock, lock or task.
///
/// `Waiter` is given back when a caller's waiting ends; `Work` can be cancelled.
struct SingleFlightState<Key: Hashable, Waiter, Work> {
    enum Joined: Equatable {
        /// The flight is new: start its work, and report it with ``started(_:flight:work:)``.
        case first
        case another
        /// Too many flights run already; the caller has not joined.
        case full
    }

    private struct Flight {
        /// Its first caller's number.
        let id: UInt64
        var work: Work?
        var waiters: [UInt64: Waiter]
    }

    var maximumFlights: Int
    /// Flights that were begun and haven't ended, those without waiting callers included.
    private(set) var running = 0
    private var flights: [Key: Flight] = [:]
    private var lastCaller: UInt64 = 0

    init(maximumFlights: Int) { self.maximumFlights = maximumFlights }

    /// Callers that wait.
    var callers: Int { flights.values.reduce(0) { $0 + $1.waiters.count } }

    /// A number for a caller, unique.
    mutating func newCaller() -> UInt64 {
        lastCaller += 1
        return lastCaller
    }

    mutating func join(_ key: Key, _ caller: UInt64, _ waiter: Waiter) -> Joined {
        if flights[key] != nil {
            flights[key]?.waiters[caller] = waiter
            return .another
        }
        guard running < maximumFlights else { return .full }
        running += 1
        flights[key] = Flight(id: caller, waiters: [caller: waiter])
        return .first
    }

    /// The work of a new flight has been started.
    /// - Returns: the work, to be cancelled, if all callers have left in the meantime.
    mutating func started(_ key: Key, flight: UInt64, work: Work) -> Work? {
        guard flights[key]?.id == flight else { return work }
        flights[key]?.work = work
        return nil
    }

    /// A caller no longer waits. With the last one the flight is over: the next caller begins a new one.
    /// - Returns: the caller's waiter, nil if it had its answer already; and the work, if it has to be
    ///   cancelled.
    mutating func leave(_ key: Key, _ caller: UInt64) -> (waiter: Waiter?, abandoned: Work?) {
        guard let waiter = flights[key]?.waiters.removeValue(forKey: caller) else { return (nil, nil) }
        guard flights[key]?.waiters.isEmpty == true else { return (waiter, nil) }
        return (waiter, flights.removeValue(forKey: key)?.work)
    }

    /// The work of a flight has ended.
    /// - Returns: all callers that wait for its outcome.
    mutating func finish(_ key: Key, flight: UInt64) -> [Waiter] {
        running -= 1
        guard flights[key]?.id == flight else { return [] }
        return flights.removeValue(forKey: key).map { Array($0.waiters.values) } ?? []
    }
}
