import Contracts

/// Sends at a fixed rate whether or not answers come: a slow stack isn't asked less.
struct OpenLoop {
    /// Purchases under way at once; the next ones wait, their latency counted from when they should have gone.
    static let inFlightLimit = 1000

    let purchase: Purchase
    /// Sends a second.
    let rate: Double
    /// Prefix of every idempotency key: never the same in two runs, else the second would be answered with the first's orders.
    let run: String
    let paymentToken: String
    /// Told of an operation before its first request, after each answer and at its end, with when it was meant to be sent.
    let seen: @Sendable (ClientOperation, ContinuousClock.Instant) -> Void

    /// Sends what `next` gives until it gives nothing, and returns once all are at their end.
    ///
    /// - Parameter look: called with the counts several times a second.
    func send(_ next: () -> Basket?, look: @escaping @Sendable (Tally.Counts) -> Void) async throws -> (Tally.Counts, Duration)
    {
        let tally = Tally()
        let begin = ContinuousClock.now
        let (room, roomMade) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<Self.inFlightLimit { roomMade.yield() }
        var places = room.makeAsyncIterator()
        let watcher = Task {
            while (try? await Task.sleep(for: .milliseconds(200))) != nil { look(tally.counts) }
        }
        defer { watcher.cancel() }
        try await withThrowingDiscardingTaskGroup { group in
            var count = 0
            while let basket = next() {
                let intended = begin + .seconds(Double(count) / rate)
                count += 1
                let order = order(basket)
                let body = try Array(JSON.encode(order))
                let key = "\(run)-\(count)"
                try await Task.sleep(until: intended, clock: .continuous)
                let isDelayed = tally.counts.inFlight >= Self.inFlightLimit
                _ = await places.next()
                tally.begin(isDelayed: isDelayed)
                group.addTask {
                    var operation = ClientOperation(key: key, request: order)
                    seen(operation, intended)
                    let result = await purchase.run(body, key: key, intended: intended) {
                        operation.attempts.append($0)
                        seen(operation, intended)
                    }
                    operation.outcome = result.ending.outcome
                    seen(operation, intended)
                    tally.end(result, key: key)
                    roomMade.yield()
                }
            }
        }
        return (tally.counts, ContinuousClock.now - begin)
    }

    private func order(_ basket: Basket) -> OrderRequest {
        OrderRequest(
            customerId: basket.customerId, items: basket.items, couponCode: basket.couponCode,
            payment: PaymentMeans(token: paymentToken))
    }
}
