import TestSupport
import Testing

@testable import Resilience

/// However a shedder was used before: once it isn't asked for more than it can do, it admits every request at
/// once.
@Suite("A shedder, asked and reconfigured at random")
struct ShedderLivenessTests {
    private static func configuration(_ random: inout SeededRandomSource) -> Shedder.Configuration {
        let minimum = 1 + random.upTo(8)
        let maximum = minimum + random.upTo(40)
        return Shedder.Configuration(
            minimum: minimum, maximum: maximum, initial: minimum + random.upTo(maximum - minimum + 1),
            share: Double(1 + random.upTo(100)) / 100,
            maximumQueueTime: .milliseconds(1 + random.upTo(1_000)), queueLength: random.upTo(30))
    }

    private struct Storm {
        var random: SeededRandomSource
        var state: ShedderState<Int>
        var now = Instant(sinceOrigin: .zero)
        var working: [ShedderState<Int>.Permit] = []
        var suspended: [ShedderState<Int>.Permit] = []
        var waiting: [Int: (ticket: UInt64, rank: Int)] = [:]
        private var asked = 0

        init(_ random: SeededRandomSource, _ configuration: Shedder.Configuration) {
            self.random = random
            state = ShedderState(configuration)
        }

        mutating func ask(rank: Int, deadline: Deadline? = nil) -> Bool {
            asked += 1
            let request = Shedder.Request(Priority(rank: rank), deadline: deadline)
            let (arrival, changes) = state.arrive(request, asked, at: now)
            settle(changes)
            switch arrival {
            case .admitted(let permit):
                working.append(permit)
                return true
            case .waiting(let ticket): waiting[asked] = (ticket, rank)
            case .refused: break
            }
            return false
        }

        mutating func step() {
            switch random.upTo(100) {
            case ..<45:
                let deadline =
                    random.upTo(2) == 0 ? Deadline(now.advanced(by: .milliseconds(random.upTo(500)))) : nil
                _ = ask(rank: random.upTo(4), deadline: deadline)
            case ..<55: end()
            case ..<65 where !working.isEmpty:
                suspended.append(working.remove(at: random.upTo(working.count)))
                settle(state.suspend(at: now))
            case ..<70 where !suspended.isEmpty:
                working.append(suspended.remove(at: random.upTo(suspended.count)))
                state.resume()
            case ..<75:
                guard let gone = waiting.keys.min(), let (ticket, rank) = waiting.removeValue(forKey: gone)
                else { return }
                _ = state.leave(ticket, rank: rank, at: now)
            case ..<79: settle(state.tick(at: now))
            case 79:
                if random.upTo(10) == 0 {
                    settle(state.reconfigure(ShedderLivenessTests.configuration(&random), at: now))
                }
            default: now = now.advanced(by: .milliseconds(random.upTo(random.upTo(20) == 0 ? 2_000 : 20)))
            }
        }

        /// One ends, as a sample, not as one, or given up; a suspended one too.
        mutating func end() {
            let isSuspended = !suspended.isEmpty && (working.isEmpty || random.upTo(2) == 0)
            let permit: ShedderState<Int>.Permit
            if isSuspended {
                permit = suspended.remove(at: random.upTo(suspended.count))
            } else {
                guard !working.isEmpty else { return }
                permit = working.remove(at: random.upTo(working.count))
            }
            if !isSuspended, random.upTo(5) == 0 { return settle(state.abandon(permit, at: now)) }
            settle(state.end(permit, isSuspended: isSuspended, countsAsSample: random.upTo(3) > 0, at: now))
        }

        mutating func settle(_ changes: ShedderState<Int>.Changes) {
            for (waiter, permit) in changes.admitted where waiting.removeValue(forKey: waiter) != nil {
                working.append(permit)
            }
            for (waiter, _) in changes.refused { waiting[waiter] = nil }
        }

        /// Ends all that is under way, and lets the waiting requests wait for as long as they may.
        mutating func calmDown(_ maximumQueueTime: Duration) {
            while !working.isEmpty || !suspended.isEmpty { end() }
            now = now.advanced(by: maximumQueueTime)
            settle(state.tick(at: now))
            while !working.isEmpty || !suspended.isEmpty { end() }
        }
    }

    @Test(
        "ends empty, and after three seconds of few requests admits as many as its limit says, of every rank"
    )
    func emptiesAndAdmits() throws {
        var random = SeededRandomSource("shedder under random requests")
        for round in 0..<1_000 {
            let configuration = Self.configuration(&random)
            var storm = Storm(random, configuration)
            for _ in 0..<storm.random.upTo(1_500) { storm.step() }
            let numbers = storm.state.configuration
            storm.calmDown(numbers.maximumQueueTime)
            let message = "round \(round), seed \(random.seed)"
            try #require(storm.state.inFlight == 0 && storm.state.suspended == 0, "\(message)")
            try #require(storm.state.line.isEmpty && storm.waiting.isEmpty, "\(message)")
            try #require((numbers.minimum...numbers.maximum).contains(storm.state.limit), "\(message)")
            // The lower ranks' allowances come back with time, and are computed when a request comes.
            for _ in 0..<30 {
                storm.now = storm.now.advanced(by: .milliseconds(100))
                let isAdmitted = storm.ask(rank: 0)
                try #require(isAdmitted, "\(message)")
                storm.end()
            }
            for rank in 0..<4 {
                let share = max(1, storm.state.limit * [50, 75, 90, 100][rank] / 100)
                for _ in 0..<share {
                    let isAdmitted = storm.ask(rank: rank)
                    try #require(isAdmitted, "\(message), rank \(rank)")
                }
                try #require(storm.state.inFlight == share)
                while !storm.working.isEmpty { storm.end() }
            }
            random = storm.random
        }
    }

    @Test("permits that are dropped, ended twice or ended while suspended are given back once")
    func dropped() throws {
        final class Customer: Shedder.Waiter {
            let permit = Locked<Shedder.Permit?>(nil)
            func admitted(_ permit: Shedder.Permit) { self.permit.withLock { $0 = permit } }
            func refused(_ refusal: Shedder.Refusal) {}
        }
        var random = SeededRandomSource("places of a shedder, dropped")
        let time = ManualTime()
        let shedder = try Shedder(
            .init(minimum: 4, maximum: 8, queueLength: 100), environment: PolicyEnvironment(time: time.source)
        )
        var permits: [Shedder.Permit] = []
        var customers: [Customer] = []
        for _ in 0..<20_000 {
            switch random.upTo(10) {
            case ..<5:
                let customer = Customer()
                switch shedder.ask(Shedder.Request(Priority(rank: random.upTo(4))), customer) {
                case .admitted(let permit): permits.append(permit)
                case .waiting: customers.append(customer)
                case .refused: break
                }
            case ..<8 where !permits.isEmpty:
                let permit = permits.remove(at: random.upTo(permits.count))
                for _ in 0..<random.upTo(3) { permit.end(countsAsSample: random.upTo(2) == 0) }
            case 8 where !customers.isEmpty:
                customers.remove(at: random.upTo(customers.count)).permit.withLock { $0 = nil }
            default: time.advance(by: .milliseconds(random.upTo(10)))
            }
        }
        // Each one that ends admits others, which have gone or are dropped in turn.
        permits = []
        while shedder.snapshot.inFlight > 0, !customers.isEmpty {
            customers.removeAll { $0.permit.withLock { $0.take() } != nil }
        }
        #expect(shedder.snapshot.inFlight == 0 && shedder.snapshot.suspended == 0)
    }
}
