/// The last good answers of a dependency, for when it has none: **consulted only in failure**.
///
/// Call ``store(_:for:now:)`` on every success, and ``lookup(_:now:)`` when the call has failed. It never
/// answers instead of a call that could be made, so that it can't hide an outage or serve stale values in
/// good times; the caller is told how old a value is, and should pass that on. Not for what must not be
/// guessed, such as whether money has moved.
///
/// Values stay until newer ones push them out, also those that are too old: ``reconfigure(_:)`` with a longer
/// ``FallbackCacheConfiguration/maximumAge`` makes them available again when an outage lasts longer than
/// expected.
///
/// **Persistence.** With a ``FallbackCacheStorage`` values survive a restart, even one in the middle of an
/// outage: call ``load()`` at the start, and ``run()`` for as long as the process lives. Storing only marks a
/// key; however often it is stored between two rounds, it is written once.
public final class FallbackCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// How old and how many the values may be.
    public typealias Configuration = FallbackCacheConfiguration
    typealias State = FallbackCacheState<Key, Value>

    struct Contents {
        var configuration: Configuration
        var state: State
        var hits = 0
        var misses = 0
        var tooOld = 0
        var storageFailures = 0
        var refreshesSkipped = 0
    }

    let environment: PolicyEnvironment
    let contents: Locked<Contents>
    let persistence: Persistence?
    let refreshes: SingleFlight<Key, Bool, any Error>
    /// The storage does one thing at a time.
    let lastAccess = Locked<Task<Void, Never>?>(nil)

    /// Where values are kept, the wall clock, and when the cache was created.
    struct Persistence: Sendable {
        let storage: any FallbackCacheStorage<Key, Value>
        let wall: @Sendable () -> Int64
        let created: ContinuousClock.Instant
    }

    /// A cache whose values are lost with its process.
    /// - Throws: ``InvalidConfiguration`` with every problem.
    public convenience init(
        _ configuration: Configuration = .init(), environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try self.init(configuration, persistence: nil, environment)
    }

    /// A cache whose values survive the process.
    ///
    /// - Parameters:
    ///   - configuration: its numbers.
    ///   - storage: where values are kept; it is written in the background, and its failure fails no call.
    ///   - wall: the wall clock, in milliseconds since 1970.
    ///   - environment: time, and the observer of a failing storage.
    /// - Throws: ``InvalidConfiguration`` with every problem.
    public convenience init(
        _ configuration: Configuration = .init(), storage: any FallbackCacheStorage<Key, Value>,
        wall: @escaping @Sendable () -> Int64, environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        let persistence = Persistence(storage: storage, wall: wall, created: environment.time.now())
        try self.init(configuration, persistence: persistence, environment)
    }

    private init(
        _ configuration: Configuration, persistence: Persistence?, _ environment: PolicyEnvironment
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        self.environment = environment
        self.persistence = persistence
        let state = State(configuration, isPersistent: persistence != nil)
        contents = Locked(Contents(configuration: configuration, state: state))
        // A refresh that is skipped is no refused call: it is counted here, and not reported.
        refreshes = try SingleFlight(
            SingleFlightConfiguration(maximumFlights: configuration.maximumRefreshes),
            environment: PolicyEnvironment(
                name: environment.name, time: environment.time, random: environment.random))
    }

    /// The numbers that count now.
    public var configuration: Configuration { contents.withLock { $0.configuration } }

    /// Replaces the numbers; a smaller capacity pushes out the oldest values at once.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        try refreshes.reconfigure(SingleFlightConfiguration(maximumFlights: configuration.maximumRefreshes))
        contents.withLock { contents in
            contents.configuration = configuration
            contents.state.maximumAge = configuration.maximumAge
            contents.state.resize(to: configuration.capacity)
        }
    }

    /// Remembers a good answer. Constant time, and no I/O.
    /// - Parameters:
    ///   - value: the answer.
    ///   - key: what it answers.
    ///   - now: the time, if the caller has read the clock already.
    public func store(_ value: Value, for key: Key, now: ContinuousClock.Instant? = nil) {
        let now = now ?? environment.time.now()
        contents.withLock { $0.state.store(value, for: key, now: now) }
    }

    /// The last good answer and its age, for a call that has failed; nil where there is none, or only one
    /// older than ``FallbackCacheConfiguration/maximumAge``. Constant time, and no I/O.
    /// - Parameters:
    ///   - key: what was asked for.
    ///   - now: the time, if the caller has read the clock already.
    public func lookup(_ key: Key, now: ContinuousClock.Instant? = nil) -> LastGood<Value>? {
        let now = now ?? environment.time.now()
        return contents.withLock { contents in
            switch contents.state.find(key, now: now) {
            case .value(let value):
                contents.hits += 1
                return value
            case .tooOld: contents.tooOld += 1
            case .nothing: contents.misses += 1
            }
            return nil
        }
    }

    /// Forgets a value, here and in the storage: for when the dependency answers that the thing no longer
    /// exists.
    public func remove(_ key: Key) { contents.withLock { $0.state.remove(key) } }

    /// All keys with a value, those of too old ones included; takes time in proportion to their number. A
    /// full refresh finds out with it what no longer exists.
    public var keys: [Key] { contents.withLock { $0.state.values.entries.map(\.key) } }
}
