extension FallbackCache {
    /// How a refresh ended.
    public enum Refreshed: Sendable {
        /// The value is there.
        case refreshed
        /// The value came, but a newer one had been stored meanwhile, or the key removed: that counts.
        case superseded
        /// Too many refreshes were running already.
        case skipped
        /// Fetching threw. The earlier value stays.
        case failed(any Error)
        /// The caller no longer waits: it was cancelled, or its deadline has passed.
        case left
    }

    /// Fetches a value to keep the cache warm.
    ///
    /// Refreshes of one key at one time are one; of different keys at most
    /// ``FallbackCacheConfiguration/maximumRefreshes`` run at once, and more are skipped rather than queued.
    /// That bulkhead is the cache's own: refreshing takes no permit that a call may need. Give `fetch` the
    /// lowest priority and a ``Timeout``: one that hangs keeps its permit. How callers share it, leave and
    /// cancel it: ``SingleFlight``.
    @discardableResult
    public func refresh(
        _ key: Key, context: CallContext = CallContext(),
        with fetch: @escaping @Sendable () async throws -> Value
    ) async -> Refreshed {
        do throws(CallFailure<any Error>) {
            let isStored = try await refreshes.run(key, context: context) { [self] in
                let began = environment.time.now()
                let number = contents.withLock { $0.state.beginRefresh(key) }
                // Nothing to end if it has ended already.
                defer { contents.withLock { _ = $0.state.endRefresh(key, number) } }
                let value = try await fetch()
                let now = environment.time.now()
                return contents.withLock { $0.state.refresh(value, for: key, number, began: began, now: now) }
            }
            return isStored ? .refreshed : .superseded
        } catch {
            switch error {
            case .failed(let failure, _): return .failed(failure)
            case .rejected(.bulkheadFull):
                contents.withLock { $0.refreshesSkipped += 1 }
                return .skipped
            case .rejected: return .left
            }
        }
    }

    /// What the cache holds, and how its look-ups went since it was created.
    public var snapshot: Snapshot {
        let now = environment.time.now()
        let refreshing = refreshes.inUse.flights
        return contents.withLock { contents in
            let (state, values) = (contents.state, contents.state.values)
            return Snapshot(
                entries: values.count,
                oldestAge: values.oldest.map { max(.zero, $0.storedAt.duration(to: now)) },
                hits: contents.hits, misses: contents.misses, tooOld: contents.tooOld, evicted: state.evicted,
                unwritten: state.changes.count, storageFailures: contents.storageFailures,
                refreshing: refreshing,
                refreshesSkipped: contents.refreshesSkipped)
        }
    }

    /// The state of a ``FallbackCache`` at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// Values in the cache, the too old ones included.
        public var entries: Int
        /// The age of the oldest of them; nil when there are none.
        public var oldestAge: Duration?
        /// Look-ups that found a value.
        public var hits: Int
        /// Look-ups that found nothing.
        public var misses: Int
        /// Look-ups that found only a value that is too old.
        public var tooOld: Int
        /// Values that were dropped because the cache was full.
        public var evicted: Int
        /// Changes that wait to be written.
        public var unwritten: Int
        /// Times that the storage failed.
        public var storageFailures: Int
        /// Refreshes that run now.
        public var refreshing: Int
        /// Refreshes that were skipped.
        public var refreshesSkipped: Int
    }
}
