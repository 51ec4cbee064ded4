import Resilience
import TestSupport
import Testing

@Suite("Shedder", .timeLimit(.minutes(10)))
struct ShedderTests {
    private final class Waiter: Shedder.Waiter {
        let permits = Recorded<Shedder.Permit>()
        func admitted(_ permit: Shedder.Permit) { permits.add(permit) }
        func refused(_ refusal: Shedder.Refusal) {}
    }

    private func shedder(_ limit: Int, maximum: Int? = nil, _ time: ManualTime = ManualTime()) throws
        -> Shedder
    {
        try Shedder(
            .init(minimum: limit, maximum: maximum ?? limit, initial: limit),
            environment: PolicyEnvironment(time: time.source))
    }

    private func ask(_ shedder: Shedder, _ waiter: Waiter = Waiter()) -> Shedder.Permit? {
        if case .admitted(let permit) = shedder.ask(Shedder.Request(.init(rank: 3)), waiter) {
            permit
        } else {
            nil
        }
    }

    @Test("a suspended request gives up its permit meanwhile, and isn't kept waiting afterwards")
    func suspended() async throws {
        let shedder = try shedder(1, maximum: 2)
        let first = try #require(ask(shedder))
        let waiter = Waiter()
        #expect(ask(shedder, waiter) == nil)
        await first.suspended {
            #expect(waiter.permits.all.count == 1)
            #expect(shedder.snapshot.inFlight == 1 && shedder.snapshot.suspended == 1)
            // All of them together are bounded all the same.
            #expect(ask(shedder) == nil)
        }
        #expect(shedder.snapshot.inFlight == 2 && shedder.snapshot.suspended == 0)
        first.end(countsAsSample: true)
        waiter.permits.all.first?.end(countsAsSample: true)
        #expect(shedder.snapshot.inFlight <= 1)
    }

    @Test("several waits at once are one, and one that outlasts the work changes nothing afterwards")
    func outlasting() async throws {
        let shedder = try shedder(4)
        let permit = try #require(ask(shedder))
        await permit.suspended {
            await permit.suspended { #expect(shedder.snapshot.suspended == 1) }
            #expect(shedder.snapshot.suspended == 1 && shedder.snapshot.inFlight == 0)
            permit.end(countsAsSample: true)
            permit.end(countsAsSample: true)
            #expect(shedder.snapshot.suspended == 0 && shedder.snapshot.inFlight == 0)
        }
        await permit.suspended { #expect(shedder.snapshot.suspended == 0) }
        #expect(shedder.snapshot.suspended == 0 && shedder.snapshot.inFlight == 0)
    }

    /// All of them at the same time.
    private func wait(_ permits: ArraySlice<Shedder.Permit>, _ body: () -> Void) async {
        guard let first = permits.first else { return body() }
        await first.suspended { await wait(permits.dropFirst(), body) }
    }

    @Test(
        "time spent downstream isn't held against a service: the limit stays while its own part is short"
    )
    func time() async throws {
        func limit(own: Duration, suspended: Duration) async throws -> Int {
            let time = ManualTime()
            let shedder = try Shedder(
                .init(minimum: 2, initial: 8), environment: PolicyEnvironment(time: time.source))
            for _ in 0..<100 {
                var permits: [Shedder.Permit] = []
                while let permit = ask(shedder) { permits.append(permit) }
                time.advance(by: own * permits.count)
                await wait(permits[...]) { time.advance(by: suspended) }
                for permit in permits { permit.end(countsAsSample: true) }
            }
            return shedder.snapshot.limit
        }
        #expect(try await limit(own: .milliseconds(1), suspended: .seconds(1)) >= 8)
        #expect(try await limit(own: .milliseconds(60), suspended: .zero) <= 4)
    }

    @Test("the whole share of background work is left while no request waits")
    func background() throws {
        let shedder = try shedder(1)
        #expect(shedder.backgroundShare == 1)
    }
}
