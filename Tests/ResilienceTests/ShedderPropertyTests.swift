import TestSupport
import Testing

@testable import Resilience

@Suite("Shedder, against a model")
struct ShedderPropertyTests {
    private struct Waiting {
        var rank: Int
        var since: Instant
        var deadline: Instant?
        var ticket: UInt64
    }

    /// A shedder under test, and what its documentation says about it.
    private struct Model {
        var state: ShedderState<Int>
        let configuration: Shedder.Configuration
        var now = Instant(sinceOrigin: .zero)
        var working: [ShedderState<Int>.Permit] = []
        /// Those that are suspended.
        var suspended: [ShedderState<Int>.Permit] = []
        var waiting: [Int: Waiting] = [:]
        var admitted = SIMD4<Int>.zero
        var refused = SIMD4<Int>.zero
        private var asked = 0

        init(_ configuration: Shedder.Configuration) {
            self.configuration = configuration
            state = ShedderState(configuration)
        }

        /// How many may be in work for a rank to begin another, at most; the highest rank always may.
        func share(_ rank: Int) -> Int { max(1, state.limit * [50, 75, 90, 100][rank] / 100) }

        func isFree(_ rank: Int) -> Bool {
            working.count < state.allowances[rank] && working.count + suspended.count < configuration.maximum
        }

        private func requireAllBegun() throws {
            if let highest = waiting.values.map(\.rank).max() { try #require(!isFree(highest)) }
        }

        mutating func arrive(rank: Int, deadline: Duration?) throws {
            asked += 1
            var request = Shedder.Request(Priority(rank: rank))
            let instant = deadline.map { now.advanced(by: $0) }
            request.deadline = instant.map { Deadline($0) }
            let isFree = isFree(rank)
            let isLate = instant.map { $0 <= now } ?? false
            let (arrival, changes) = state.arrive(request, asked, at: now)
            // Nothing has ended, so no waiting request can begin.
            try #require(changes.admitted.isEmpty)
            // The refused ones left before it came.
            try settle(changes)
            switch arrival {
            case .admitted(let permit):
                try #require(isFree && !isLate)
                try begin(permit, rank: rank)
            case .waiting(let ticket):
                try #require(!isFree && !isLate)
                waiting[asked] = Waiting(rank: rank, since: now, deadline: instant, ticket: ticket)
            case .refused(let refusal):
                try #require(refusal == (isLate ? .deadlineExceeded : .overloaded))
                try #require(isLate || !isFree)
                refused[rank] += 1
            }
            if case .refused(.overloaded) = arrival {
                try #require(!waiting.values.contains { $0.rank < rank })
            }
            try check()
        }

        mutating func end(_ index: Int, countsAsSample: Bool) throws {
            try settle(state.end(working.remove(at: index), countsAsSample: countsAsSample, at: now))
            try requireAllBegun()
            try check()
        }

        mutating func endSuspended(_ index: Int) throws {
            try settle(
                state.end(suspended.remove(at: index), isSuspended: true, countsAsSample: false, at: now))
            try requireAllBegun()
            try check()
        }

        mutating func suspend(_ index: Int) throws {
            suspended.append(working.remove(at: index))
            try settle(state.suspend(at: now))
            try requireAllBegun()
            try check()
        }

        mutating func resume(_ index: Int) throws {
            working.append(suspended.remove(at: index))
            state.resume()
            try check()
        }

        mutating func leave(_ id: Int) throws {
            guard let gone = waiting.removeValue(forKey: id) else { return }
            let wasThere = state.leave(gone.ticket, rank: gone.rank, at: now)
            let isStillThere = state.leave(gone.ticket, rank: gone.rank, at: now)
            try #require(wasThere && !isStillThere)
            try check()
        }

        mutating func tick() throws {
            try settle(state.tick(at: now))
            for one in waiting.values {
                try #require(one.since.duration(to: now) < configuration.maximumQueueTime)
                try #require(one.deadline.map { $0 > now } ?? true)
            }
            try check()
        }

        private mutating func begin(_ permit: ShedderState<Int>.Permit, rank: Int) throws {
            working.append(permit)
            admitted[rank] += 1
            try #require(
                working.count <= share(rank) && working.count + suspended.count <= configuration.maximum)
        }

        private mutating func settle(_ changes: ShedderState<Int>.Changes) throws {
            for (id, permit) in changes.admitted {
                let found = waiting.removeValue(forKey: id)
                let one = try #require(found)
                try #require(one.deadline.map { $0 > now } ?? true)
                working.append(permit)
                admitted[one.rank] += 1
                try #require(
                    working.count <= share(one.rank)
                        && working.count + suspended.count <= configuration.maximum)
                // No request of a higher rank has been passed over.
                try #require(
                    !waiting.values.contains {
                        $0.rank > one.rank && !($0.deadline.map { $0 <= now } ?? false)
                    })
            }
            for (id, refusal) in changes.refused {
                let found = waiting.removeValue(forKey: id)
                let one = try #require(found)
                refused[one.rank] += 1
                let isLate = one.deadline.map { $0 <= now } ?? false
                try #require(refusal == .overloaded || isLate)
            }
            for (id, refusal) in changes.refused where refusal == .overloaded {
                let rank = try #require(ranks[id])
                try #require(!waiting.values.contains { $0.rank < rank })
            }
        }

        /// Of all requests that ever waited.
        private var ranks: [Int: Int] = [:]

        private mutating func check() throws {
            for (id, one) in waiting where ranks[id] == nil { ranks[id] = one.rank }
            try #require(state.inFlight == working.count && state.suspended == suspended.count)
            try #require(state.line.count == waiting.count && waiting.count <= configuration.queueLength)
            try #require(
                (0..<4).allSatisfy { rank in
                    state.line.count(rank: rank) == waiting.values.count { $0.rank == rank }
                })
            try #require((configuration.minimum...configuration.maximum).contains(state.limit))
            try #require((0..<4).allSatisfy { (1...share($0)).contains(state.allowances[$0]) })
            try #require(state.allowances[3] == share(3))
            try #require(state.admitted == admitted && state.refused == refused)
        }
    }

    @Test(
        "keeps its limit, admits higher ranks first, refuses none while a lower one waits, forgets none"
    )
    func model() throws {
        var random = SeededRandomSource("shedder, model")
        var steps = 0
        while steps < 150_000 {
            let minimum = 1 + random.upTo(8)
            var model = Model(
                Shedder.Configuration(
                    minimum: minimum, maximum: minimum + random.upTo(60),
                    maximumQueueTime: .milliseconds(10 + random.upTo(200)),
                    queueLength: random.upTo(4) == 0 ? random.upTo(3) : 5 + random.upTo(60)))
            let pressure = 1 + random.upTo(4)
            let pace = 1 + random.upTo(20)
            for _ in 0..<2000 {
                steps += 1
                model.now = model.now.advanced(by: .microseconds(random.upTo(1000 * pace)))
                switch random.upTo(10) {
                case 0: try model.tick()
                case 1 where !model.waiting.isEmpty:
                    try model.leave(model.waiting.keys.sorted()[random.upTo(model.waiting.count)])
                case 2 where !model.working.isEmpty: try model.suspend(random.upTo(model.working.count))
                case 3 where !model.suspended.isEmpty:
                    if random.upTo(10) == 0 {
                        try model.endSuspended(random.upTo(model.suspended.count))
                    } else {
                        try model.resume(random.upTo(model.suspended.count))
                    }
                case let draw where draw < 4 + pressure:
                    let budget: Duration? = random.upTo(3) == 0 ? .milliseconds(random.upTo(100) - 5) : nil
                    try model.arrive(rank: random.upTo(4), deadline: budget)
                default:
                    guard !model.working.isEmpty else { continue }
                    try model.end(
                        random.upTo(model.working.count), countsAsSample: random.upTo(5) > 0)
                }
            }
            // Every waiting request is admitted as work ends, or refused; none stays.
            while !model.suspended.isEmpty { try model.resume(0) }
            while !model.working.isEmpty {
                try model.end(random.upTo(model.working.count), countsAsSample: true)
            }
            try #require(model.waiting.isEmpty && model.state.inFlight == 0)
        }
    }
}
