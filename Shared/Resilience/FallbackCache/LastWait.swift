/// Waits for the end of work that can't be cancelled; once the caller is cancelled, only for a limited time.
struct LastWait: Sendable {
    private let time: TimeSource
    private let limit: Duration

    init(_ time: TimeSource, _ limit: Duration) {
        self.time = time
        self.limit = limit
    }

    /// Whether the work has ended.
    func end(of work: Task<Void, Never>) async -> Bool {
        let (endings, ending) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let timer = Locked<Task<Void, Never>?>(nil)
        // A cancelled task would neither wait for a stream nor sleep: so neither of these is a child of the
        // caller's task.
        let first = Task {
            for await isOver in endings { return isOver }
            return false
        }
        Task {
            await work.value
            ending.yield(true)
        }
        let isOver = await withTaskCancellationHandler {
            await first.value
        } onCancel: {
            let sleep = Task {
                if (try? await time.sleep(limit)) != nil { ending.yield(false) }
            }
            timer.withLock { $0 = sleep }
        }
        timer.withLock { $0 }?.cancel()
        return isOver
    }
}
