extension FallbackCache {
    /// Adds what the storage holds, before the first call; values that were stored in the meantime stay.
    ///
    /// A storage that fails leaves the cache as it is: this is reported and counted, and no reason not to
    /// start. It can be called again then. Cancelling the caller ends its waiting after
    /// ``FallbackCacheConfiguration/lastWrite``, but not the reading.
    /// - Returns: the number of values that the cache holds then.
    @discardableResult
    public func load() async -> Int {
        if let persistence { await inTurn { cache in await cache.read(from: persistence) } }
        return contents.withLock { $0.state.values.count }
    }

    /// Writes changes to the storage every ``FallbackCacheConfiguration/writeEvery`` until the task is
    /// cancelled, and what is left then. Without a storage it only waits for its cancellation.
    ///
    /// A storage that hangs delays the end by ``FallbackCacheConfiguration/lastWrite`` at most; what isn't
    /// written by then is lost with the process, and reported.
    public func run() async {
        while (try? await environment.time.sleep(configuration.writeEvery)) != nil {
            guard await write() else { return }
        }
        _ = await write()
    }

    /// Tries to write what has changed so far. Cancelling the caller ends its waiting after
    /// ``FallbackCacheConfiguration/lastWrite``, but not the writing, which is never left half done.
    public func flush() async { _ = await write() }

    /// False: the caller no longer waits, but the writing goes on.
    private func write() async -> Bool {
        guard let persistence else { return true }
        return await inTurn { cache in await cache.write(to: persistence) }
    }

    /// One write after the other, so that an older value never overwrites a newer one; and in a task that
    /// isn't cancelled. False: the caller was cancelled and has waited long enough.
    @discardableResult
    private func inTurn(_ work: @escaping @Sendable (FallbackCache) async -> Void) async -> Bool {
        let task = lastAccess.withLock { last in
            let task = Task { [last] in
                await last?.value
                await work(self)
            }
            last = task
            return task
        }
        let isOver = await LastWait(environment.time, configuration.lastWrite).end(of: task)
        if !isOver { failed(StillAtWork()) }
        return isOver
    }

    private func read(from persistence: Persistence) async {
        do {
            let entries = try await persistence.storage.load()
            let (now, wall) = (environment.time.now(), persistence.wall())
            contents.withLock { $0.state.load(entries, created: persistence.created, now: now, wall: wall) }
        } catch {
            failed(error)
        }
    }

    private func write(to persistence: Persistence) async {
        let (size, changes) = contents.withLock { ($0.configuration.batchSize, $0.state.takeChanges()) }
        // Removals first, so that the storage doesn't outgrow the cache.
        var removed = ArraySlice(changes.removed)
        var written = ArraySlice(changes.written)
        while !(removed.isEmpty && written.isEmpty) {
            let going = removed.prefix(size)
            let coming = written.prefix(size - going.count)
            let (now, wall) = (environment.time.now(), persistence.wall())
            let batch = contents.withLock {
                $0.state.batch(writing: coming, removing: going, now: now, wall: wall)
            }
            do {
                if !batch.isEmpty {
                    try await persistence.storage.save(batch.entries, removing: batch.removed)
                }
            } catch {
                let rest = State.Changes(written: Set(written), removed: Set(removed))
                contents.withLock { $0.state.giveBack(rest) }
                failed(error)
                return
            }
            removed = removed.dropFirst(going.count)
            written = written.dropFirst(coming.count)
        }
    }

    private func failed(_ error: any Error) {
        contents.withLock { $0.storageFailures += 1 }
        environment.report(.storageFailed(String(describing: error)))
    }
}

private struct StillAtWork: Error, CustomStringConvertible {
    let description = "the storage is still at work; it is waited for no longer"
}
