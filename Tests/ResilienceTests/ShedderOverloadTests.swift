import TestSupport
import Testing

@testable import Resilience

/// A service and the distribution of its work, for the simulation.
struct SimulatedWork: Sendable, CustomStringConvertible {
    var workers: Int
    var mean: Double
    var spread: Spread

    var description: String { "\(workers) workers, \(mean) s, \(spread)" }

    static let all = [(1, 0.0005), (2, 0.001), (4, 0.004), (16, 0.02), (2, 0.01)].flatMap { workers, mean in
        [Spread.even, .exponential, .heavy].map { SimulatedWork(workers: workers, mean: mean, spread: $0) }
    }

    func service(
        _ purpose: String, _ configuration: Shedder.Configuration = .init(), work: [Double]? = nil
    ) -> ShedderSimulation {
        ShedderSimulation(
            configuration, workers: workers, work: work ?? [mean], spread: spread,
            "shedder, \(purpose), \(self)")
    }
}

@Suite("Shedder, overloaded in virtual time")
struct ShedderOverloadTests {
    private typealias Stream = ShedderSimulation.Stream

    /// Seconds after a step within which everything has to settle.
    private static let settled = 0.3

    @Test(
        "does what it can at several times its capacity, no request waits long, and it recovers at once",
        arguments: SimulatedWork.all)
    func overload(work: SimulatedWork) throws {
        var service = work.service("overload")
        let capacity = service.capacity()
        func orders(_ times: Double) -> [Stream] { [Stream(rank: 3, rate: times * capacity)] }
        _ = service.run(orders(0.3), for: 5)
        let usual = service.run(orders(0.7), for: 60)
        try #require(usual.share > 0.995, "\(usual.share)")
        for times in [2.0, 5, 10] {
            let start = service.now
            let busy = service.run(orders(times), for: 4)
            let used = busy.work(from: start + Self.settled) / (4 - Self.settled) / Double(work.workers)
            try #require(used >= 0.9, "\(times) ×: \(used) of what it can do")
            // A tenth of its callers' wait, or its latency when it is fully used.
            let slowest = busy.arrived(from: start + 2 * Self.settled).percentile(0.99)
            try #require(
                slowest <= max(7 * usual.percentile(0.99), 40 * work.mean, 0.1), "\(times) ×: \(slowest) s")
            let end = service.now
            let after = service.run(orders(0.7), for: 4).arrived(from: end + Self.settled)
            try #require(after.share > 0.98, "after \(times) ×: \(after.share)")
        }
    }

    @Test(
        "orders are served in time while pages and quotes fill up to five times the capacity",
        arguments: SimulatedWork.all)
    func criticality(work: SimulatedWork) throws {
        // Orders cost ten times as much as pages.
        var service = work.service("criticality", work: [work.mean, work.mean / 10])
        let orders = Stream(rank: 3, rate: 0.6 * service.capacity(kind: 0))
        let pages = Stream(rank: 1, rate: 2.2 * service.capacity(kind: 1), kind: 1)
        let relays = Stream(rank: 0, rate: 2.2 * service.capacity(kind: 1), kind: 1)
        _ = service.run([orders], for: 5)
        let seen = service.run([orders, pages, relays], for: 5)
        func share(_ rank: Int) -> Double { seen.filter { $0.rank == rank }.share }
        let inTime = seen.filter { $0.rank == 3 && $0.isServed && $0.latency <= 1 }.count
        try #require(Double(inTime) >= 0.995 * Double(seen.filter { $0.rank == 3 }.count), "\(share(3))")
        try #require(share(3) > share(1) && share(1) > share(0), "\((0..<4).map(share))")
    }

    @Test("a change of the mix isn't taken for a change of the service", arguments: SimulatedWork.all)
    func mix(work: SimulatedWork) throws {
        var service = work.service("mix", work: [work.mean, work.mean / 20])
        let dear = Stream(rank: 3, rate: 0.6 * service.capacity(kind: 0))
        let cheap = Stream(rank: 3, rate: 0.6 * service.capacity(kind: 1), kind: 1)
        _ = service.run([dear], for: 3)
        for _ in 0..<3 {
            for stream in [cheap, dear] {
                let seen = service.run([stream], for: 3)
                try #require(seen.share > 0.985, "\(seen.share) of kind \(stream.kind)")
            }
        }
    }

    /// Handlers that need nothing that others hold: as many at once as come.
    private static func slow(
        _ seconds: Double, _ spread: Spread, _ configuration: Shedder.Configuration = .init()
    ) -> ShedderSimulation {
        var service = SimulatedWork(workers: 8, mean: 0.0001, spread: spread).service(
            "handlers of \(seconds) s", configuration)
        service.delay = seconds
        return service
    }

    @Test(
        "handlers that are slow and don't queue are served with the defaults",
        arguments: [(0.001, 1_000.0), (0.01, 1_000), (0.03, 1_000), (0.1, 300), (0.1, 1_000)],
        [Spread.even, .exponential, .heavy])
    func slow(load: (seconds: Double, rate: Double), spread: Spread) throws {
        var service = Self.slow(load.seconds, spread)
        let orders = [Stream(rank: 3, rate: load.rate)]
        _ = service.run(orders, for: 10)
        // It may probe for a short time whether there is a queue.
        let seen = service.run(orders, for: 20)
        try #require(seen.share > 0.6, "\(seen.share)")
    }

    @Test("critical requests to slow handlers are served whatever lower ranks ask for beside them")
    func slowBeside() throws {
        var service = Self.slow(0.1, .exponential)
        let streams = [Stream(rank: 3, rate: 210), Stream(rank: 1, rate: 90)]
        _ = service.run(streams, for: 10)
        let share = service.run(streams, for: 10).filter { $0.rank == 3 }.share
        try #require(share > 0.97, "\(share)")
    }

    @Test(
        "handlers that take a second are served once their limit is found, or at once where it begins there")
    func slowest() throws {
        let orders = [Stream(rank: 3, rate: 200)]
        var found = Self.slow(1, .even)
        _ = found.run(orders, for: 60)
        let seen = found.run(orders, for: 20)
        try #require(seen.share > 0.95, "\(seen.share)")
        var told = Self.slow(1, .even, .init(initial: 400))
        let first = told.run(orders, for: 20)
        try #require(first.share > 0.98, "\(first.share)")
    }

    @Test(
        "a service that becomes slow without load is served down to the minimum, and has no queue later",
        arguments: [0.1, 0.3])
    func delay(delay: Double) throws {
        let work = SimulatedWork(workers: 4, mean: 0.004, spread: .exponential)
        var service = work.service("delay \(delay)", .init(minimum: 64))
        _ = service.run([Stream(rank: 3, rate: 300)], for: 5)
        service.delay = delay
        let seen = service.run([Stream(rank: 3, rate: 0.8 * 64 / (delay + 0.004))], for: 20)
        try #require(seen.share > 0.98, "\(seen.share)")
        service.delay = 0
        _ = service.run([Stream(rank: 3, rate: 300)], for: 2)
        let start = service.now
        let busy = service.run([Stream(rank: 3, rate: 5000)], for: 5).arrived(from: start + 1)
        try #require(busy.percentile(0.99) < 0.2, "\(busy.percentile(0.99)) s")
    }

    @Test(
        "latency is measured anew while the limit holds nothing up, and then more requests are served"
    )
    func becomesSlow() throws {
        var service = SimulatedWork(workers: 4, mean: 0.004, spread: .exponential).service("becomes slow")
        _ = service.run([Stream(rank: 3, rate: 300)], for: 5)
        service.delay = 0.1
        _ = service.run([Stream(rank: 3, rate: 150)], for: 240)
        _ = service.run([Stream(rank: 3, rate: 700)], for: 10)
        let seen = service.run([Stream(rank: 3, rate: 700)], for: 20)
        try #require(seen.share > 0.98, "\(seen.share)")
    }

    @Test(
        "an overload that no limit makes faster isn't taken for slow handlers, once the service was seen idle"
    )
    func busyElsewhere() throws {
        var service = SimulatedWork(workers: 4, mean: 0.004, spread: .exponential).service("busy elsewhere")
        _ = service.run([Stream(rank: 3, rate: 300)], for: 5)
        // Other processes keep the processor busy, however few requests are in work here.
        service.delay = 0.1
        let start = service.now
        let busy = service.run([Stream(rank: 3, rate: 3000)], for: 10)
        #expect(service.state.limit <= 32)
        service.delay = 0
        let end = service.now
        let after = service.run([Stream(rank: 3, rate: 700)], for: 4).arrived(from: end + Self.settled)
        try #require(after.share > 0.98, "\(after.share) of \(busy.arrived(from: start).count)")
        try #require(after.percentile(0.99) < 0.1, "\(after.percentile(0.99)) s")
    }

    @Test("while every request waits a second for a dead dependency, none is refused that there is time for")
    func deadDependency() throws {
        var service = SimulatedWork(workers: 4, mean: 0.002, spread: .exponential).service("dead dependency")
        let orders = [Stream(rank: 3, rate: 150)]
        _ = service.run(orders, for: 5)
        service.suspended = 1
        let seen = service.run(orders, for: 10)
        try #require(seen.share > 0.999, "\(seen.share)")
    }

    @Test("a service that becomes slower, smaller or better is used to its new capacity")
    func changes() throws {
        var service = SimulatedWork(workers: 4, mean: 0.004, spread: .exponential).service("changes")
        _ = service.run([Stream(rank: 3, rate: 0.3 * service.capacity())], for: 5)
        for (workers, mean) in [(4, 0.02), (1, 0.004), (16, 0.004), (4, 0.001), (4, 0.004)] {
            service.workers = workers
            service.work = [mean]
            _ = service.run([Stream(rank: 3, rate: 3 * service.capacity())], for: 3)
            let start = service.now
            let seen = service.run([Stream(rank: 3, rate: 3 * service.capacity())], for: 5)
            let used = seen.work(from: start) / 5 / Double(workers)
            try #require(used >= 0.9, "\(workers) workers, \(mean) s: \(used)")
            try #require(
                seen.percentile(0.99) < 0.5, "\(workers) workers, \(mean) s: \(seen.percentile(0.99)) s")
        }
    }
}
