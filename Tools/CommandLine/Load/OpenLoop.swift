import Contracts
import Resilience

/// Sends at a fixed rate whether or not answers come: a slow stack isn't asked less. What is accepted is
/// followed beside that, as far as there is room, and no send waits for it.
struct OpenLoop: Sendable {
    /// Orders without a decision at once; the next ones wait, their latency counted from when they should
    /// have gone.
    static let unansweredLimit = 1000
    /// Accepted orders that are followed at once; what is accepted beyond is left unfollowed, and counted as
    /// such.
    static let followedLimit = 1000

    let purchase: Purchase
    /// Sends a second.
    let rate: Double
    /// Prefix of every idempotency key: never the same in two runs, else the second would be answered with
    /// the first's orders.
    let run: String
    let paymentToken: String
    var time = TimeSource.system
    /// Told of an operation before its first request, after each answer and at its end, with when it was
    /// meant to be sent.
    let seen: @Sendable (ClientOperation, ContinuousClock.Instant) -> Void

    /// Sends what `next` gives until it gives nothing, and returns once all are at their end. When the task
    /// is cancelled it returns at once, with what there is.
    ///
    /// - Parameter onProgress: called with the counts several times a second.
    func send(_ next: () -> Basket?, onProgress: @escaping @Sendable (Tally.Counts) -> Void) async throws
        -> Tally.Counts
    {
        let tally = Tally()
        let begin = time.now()
        let (room, roomMade) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<Self.unansweredLimit { roomMade.yield() }
        var places = room.makeAsyncIterator()
        let watcher = Task {
            while (try? await time.sleep(.milliseconds(200))) != nil { onProgress(tally.counts) }
        }
        defer { watcher.cancel() }
        try await withThrowingDiscardingTaskGroup { group in
            var count = 0
            while let basket = next() {
                let intended = begin + .seconds(Double(count) / rate)
                count += 1
                let order = order(basket)
                let body = try Array(JSON.encode(order))
                let operation = ClientOperation(key: "\(run)-\(count)", request: order)
                let early = intended - time.now()
                if early > .zero { try? await time.sleep(early) }
                let isDelayed = tally.counts.unanswered >= Self.unansweredLimit
                _ = await places.next()
                if Task.isCancelled { break }
                tally.begin(isDelayed: isDelayed, at: time.now() - begin)
                group.addTask {
                    await buy(operation, body, intended, tally) { roomMade.yield() }
                }
            }
        }
        return tally.counts
    }

    private func buy(
        _ operation: ClientOperation, _ body: [UInt8], _ intended: ContinuousClock.Instant, _ tally: Tally,
        answered: () -> Void
    ) async {
        var operation = operation
        func note(_ attempt: Attempt) {
            operation.attempts.append(attempt)
            seen(operation, intended)
        }
        seen(operation, intended)
        let placed = await purchase.place(body, key: operation.key, intended: intended, seen: note)
        let isFollowed = tally.answered(placed, followed: Self.followedLimit)
        answered()
        var ending = placed.ending
        if isFollowed, let order = placed.accepted {
            ending = await purchase.follow(order, intended: intended, seen: note)
            tally.leave()
        }
        tally.end(ending, of: placed, key: operation.key)
        operation.outcome = ending?.outcome
        if ending != nil { seen(operation, intended) }
    }

    private func order(_ basket: Basket) -> OrderRequest {
        OrderRequest(
            customerId: basket.customerId, items: basket.items, couponCode: basket.couponCode,
            payment: PaymentMeans(token: paymentToken))
    }
}
