import Contracts
import Resilience

/// Sends at a fixed rate whether or not answers come, so that a slow stack gets no less load. Accepted orders
/// are followed concurrently, up to a limit, and delay no send.
struct OpenLoop: Sendable {
    /// Most orders without a decision at one time; further ones wait, and their latency counts from their
    /// scheduled time.
    static let unansweredLimit = 1000
    /// Most accepted orders that are followed at one time; further ones count as unfollowed.
    static let followedLimit = 1000

    let purchase: Purchase
    /// Sends a second.
    let rate: Double
    /// Prefix of every idempotency key: never the same in two runs, else the second would be answered with
    /// the first's orders.
    let run: String
    let paymentToken: String
    var time = TimeSource.system
    /// Called for an operation before its first request, after each answer and at its end, with its scheduled
    /// time.
    let seen: @Sendable (ClientOperation, ContinuousClock.Instant) -> Void

    /// Sends the baskets of `next` until it returns nil, and returns once all have ended. A cancelled call
    /// returns at once, with the counts so far.
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
