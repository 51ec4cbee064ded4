import Contracts
import TestSupport
import Testing
import Transport

@testable import CommandLine

@Suite struct LoadTests {
    @Test("percentiles are measured values, by nearest rank")
    func percentiles() {
        let values = Percentiles((1...100).reversed().map { .milliseconds($0) })
        #expect(values.value(50) == .milliseconds(50))
        #expect(values.value(99) == .milliseconds(99))
        #expect(values.value(100) == .milliseconds(100))
        #expect(Percentiles([.seconds(3)]).value(1) == .seconds(3))
        #expect(Percentiles([]).value(50) == nil)
    }

    private let journey = (1...20).map { number in
        Basket(
            customerId: "H\(number)", items: [ItemQuantity(sku: "S\(number)", quantity: 1)],
            couponCode: number % 5 == 0 ? "C\(number)" : nil)
    }

    @Test("one seed gives one sequence of baskets, another gives another")
    func seeds() {
        func baskets(_ seed: UInt64) -> [Basket] {
            var source = BasketSource(journey, couponShare: 50, seed: seed, run: "r")
            return (0..<50).map { _ in source.next() }
        }
        #expect(baskets(1) == baskets(1))
        #expect(baskets(1) != baskets(2))
    }

    @Test("every random basket has a customer of its own")
    func customers() {
        var source = BasketSource(journey, couponShare: 50, seed: 1, run: "r")
        #expect(Set((0..<100).map { _ in source.next().customerId }).count == 100)
    }

    @Test(
        "the share of baskets with a coupon is as requested",
        arguments: [(0.0, 0...0), (10, 60...140), (100, 1000...1000)])
    func couponShare(percent: Double, expected: ClosedRange<Int>) {
        var source = BasketSource(journey, couponShare: percent, seed: 7, run: "r")
        #expect(expected.contains((0..<1000).count { _ in source.next().couponCode != nil }))
    }

    @Test("a report counts endings, and is not ok with an unresolved order or an unexpected answer")
    func report() {
        let tally = Tally()
        let endings: [Ending] = [
            .confirmed, .refused(code: "out-of-stock"), .cancelled, .unresolved("timeout"),
            .unexpected("500"),
        ]
        for (index, ending) in endings.enumerated() {
            let result = Purchase.Result(ending: ending, latency: .milliseconds(index), retries: 1)
            tally.begin(isDelayed: index == 0, at: .zero)
            #expect(!tally.answered(result, followed: 1))
            tally.end(ending, of: result, key: "k\(index)")
        }
        let report = LoadReport(tally.counts, rate: 50, seed: nil, duration: .seconds(1))
        #expect(!report.ok)
        #expect(tally.counts.unanswered == 0)
        #expect(
            [report.sent, report.confirmed, report.cancelled, report.unresolved, report.unexpected] == [
                5, 1, 1, 1, 1,
            ])
        #expect(report.refused == ["out-of-stock": 1])
        #expect([report.retries, report.delayed] == [5, 1])
        #expect(report.failures == ["k4: 500", "k3: timeout"])
        #expect(report.latencyMilliseconds?.max == 4)
    }

    @Test("the reached rate is that of sending, however long orders are followed")
    func rates() {
        var counts = Tally.Counts()
        (counts.sent, counts.lastSent) = (500, .seconds(9.98))
        let reached = LoadReport(counts, rate: 50, seed: nil, duration: .seconds(40))
        #expect(reached.ordersPerSecond == 50 && reached.rateReached && reached.durationSeconds == 40)
        #expect(reached.text.contains("50 orders/s of 50 asked for\n"))
        counts.lastSent = .seconds(12.48)
        let missed = LoadReport(counts, rate: 50, seed: nil, duration: .seconds(40))
        #expect(missed.ordersPerSecond == 40 && !missed.rateReached && missed.ok)
        #expect(missed.text.contains("40 orders/s of 50 asked for: not reached"))
    }
}

/// In virtual time, against a stubbed shop.
@Suite(.timeLimit(.minutes(10))) struct OpenLoopTests {
    private let time = ManualTime()
    private let sent = Watched(0)

    /// - Parameters:
    ///   - placed: the answer to `POST /orders`.
    ///   - timeout: of each customer.
    private func loop(
        placed: @escaping Purchase.Exchange, timeout: Duration = .seconds(3600)
    ) throws -> OpenLoop {
        let accepted = try Array(JSON.encode(OrderDocument.sample("o", .accepted)))
        let purchase = Purchase(
            placing: { [sent] request throws(HTTPClientError) in
                sent.update { $0 += 1 }
                return try await placed(request)
            },
            following: { _ in HTTPClient.Response(status: 200, body: accepted) }, orderURL: "http://shop",
            timeout: timeout, time: time.source)
        return OpenLoop(purchase: purchase, rate: 1000, run: "r", paymentToken: "tok_ok", time: time.source) {
            _, _ in
        }
    }

    private static func accepting() throws -> Purchase.Exchange {
        let body = try Array(JSON.encode(OrderDocument.sample("o", .accepted)))
        return { _ in HTTPClient.Response(status: 202, body: body) }
    }

    private func send(_ total: Int, by loop: OpenLoop) -> Task<Tally.Counts, any Error> {
        Task {
            var count = 0
            return try await loop.send {
                defer { count += 1 }
                return count < total
                    ? Basket(customerId: "c", items: [ItemQuantity(sku: "A", quantity: 1)]) : nil
            } onProgress: { _ in
            }
        }
    }

    /// Advances time by milliseconds until the condition holds.
    private func passTime(until isSo: @Sendable () -> Bool) async {
        while !isSo() {
            time.advance(by: .milliseconds(1))
            await Task.yield()
        }
    }

    /// Advances time until every customer's timeout is over.
    private func ended(_ sending: Task<Tally.Counts, any Error>) async throws -> Tally.Counts {
        let isOver = Watched(false)
        let waiting = Task {
            _ = await sending.result
            isOver.update { $0 = true }
        }
        while !isOver.value {
            time.advance(by: .seconds(60))
            await Task.yield()
        }
        await waiting.value
        return try await sending.value
    }

    @Test("sending waits for no followed order, and unfollowed ones are counted")
    func apart() async throws {
        let total = OpenLoop.followedLimit + 100
        let sending = send(total, by: try loop(placed: Self.accepting()))
        await passTime(until: { sent.value == total })
        let counts = try await ended(sending)
        #expect(counts.sent == total && counts.delayed == 0 && counts.unanswered == 0)
        #expect(counts.unfollowed == 100 && counts.unresolved.count == OpenLoop.followedLimit)
        #expect(counts.latencies.count == total)
        let report = LoadReport(counts, rate: 1000, seed: nil, duration: .seconds(61))
        #expect(report.text.contains("unfollowed  100 accepted"))
    }

    @Test("an interrupted load reports at once: accepted and unanswered orders are no failures")
    func interrupted() async throws {
        let accepting = try Self.accepting()
        let sent = sent
        let sending = send(
            1_000_000,
            by: try loop { request throws(HTTPClientError) in
                if sent.value <= 2 { return try await accepting(request) }
                try? await Task.sleep(for: .seconds(3600))
                throw .cancelled
            })
        await passTime(until: { sent.value >= 5 })
        sending.cancel()
        let counts = try await sending.value
        #expect(counts.unfollowed == 2 && counts.unanswered == counts.sent - 2 && counts.unresolved.isEmpty)
        let report = LoadReport(counts, rate: 1000, seed: nil, duration: .seconds(1), interrupted: true)
        #expect(!report.ok && report.interrupted && report.failures.isEmpty)
        #expect(report.text.contains("unanswered"))
    }
}
