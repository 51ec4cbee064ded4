import TestSupport
import Testing

@testable import Resilience

@Suite("Shedder, against a model")
struct ShedderPropertyTests {
    private struct Waiting {
        var rank: Int
        var since: Moment
        var deadline: Moment?
        var ticket: UInt64
    }

    /// A shedder under test, and what must be so of it, in the words of its documentation.
    private struct Model {
        var state: ShedderState<Int>
        let configuration: Shedder.Configuration
        var now = Moment(sinceOrigin: .zero)
        var working: [ShedderState<Int>.Place] = []
        /// Those that wait for somebody else.
        var outside: [ShedderState<Int>.Place] = []
        var waiting: [Int: Waiting] = [:]
        var admitted = SIMD4<Int>.zero
        var refused = SIMD4<Int>.zero
        private var asked = 0

        init(_ configuration: Shedder.Configuration) {
            self.configuration = configuration
            state = ShedderState(configuration)
        }

        /// Up to how many in work a rank may begin at most; who matters most always may.
        func share(_ rank: Int) -> Int { max(1, state.limit * [50, 75, 90, 100][rank] / 100) }

        func isFree(_ rank: Int) -> Bool {
            working.count < state.allowances[rank] && working.count + outside.count < configuration.maximum
        }

        private func requireAllBegun() throws {
            if let highest = waiting.values.map(\.rank).max() { try #require(!isFree(highest)) }
        }

        mutating func arrive(rank: Int, deadline: Duration?) throws {
            asked += 1
            var request = Shedder.Request(Priority(rank: rank))
            let moment = deadline.map { now.advanced(by: $0) }
            request.deadline = moment.map { Deadline($0) }
            let isFree = isFree(rank)
            let isLate = moment.map { $0 <= now } ?? false
            let (arrival, changes) = state.arrive(request, asked, at: now)
            // Nothing has ended, so nobody else can begin.
            try #require(changes.admitted.isEmpty)
            // Those who were sent away went before it came.
            try settle(changes)
            switch arrival {
            case .admitted(let place):
                try #require(isFree && !isLate)
                try begin(place, rank: rank)
            case .waiting(let ticket):
                try #require(!isFree && !isLate)
                waiting[asked] = Waiting(rank: rank, since: now, deadline: moment, ticket: ticket)
            case .refused(let refusal):
                try #require(refusal == (isLate ? .deadlineExceeded : .overloaded))
                try #require(isLate || !isFree)
                refused[rank] += 1
            }
            if case .refused(.overloaded) = arrival { try #require(!waiting.values.contains { $0.rank < rank }) }
            try check()
        }

        mutating func end(_ index: Int, isWhole: Bool) throws {
            try settle(state.end(working.remove(at: index), isWhole: isWhole, at: now))
            try requireAllBegun()
            try check()
        }

        mutating func endOutside(_ index: Int) throws {
            try settle(state.end(outside.remove(at: index), isOutside: true, isWhole: false, at: now))
            try requireAllBegun()
            try check()
        }

        mutating func goOutside(_ index: Int) throws {
            outside.append(working.remove(at: index))
            try settle(state.goOutside(at: now))
            try requireAllBegun()
            try check()
        }

        mutating func comeBack(_ index: Int) throws {
            working.append(outside.remove(at: index))
            state.comeBack()
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
                try #require(one.since.duration(to: now) < configuration.patience)
                try #require(one.deadline.map { $0 > now } ?? true)
            }
            try check()
        }

        private mutating func begin(_ place: ShedderState<Int>.Place, rank: Int) throws {
            working.append(place)
            admitted[rank] += 1
            try #require(working.count <= share(rank) && working.count + outside.count <= configuration.maximum)
        }

        private mutating func settle(_ changes: ShedderState<Int>.Changes) throws {
            for (id, place) in changes.admitted {
                let found = waiting.removeValue(forKey: id)
                let one = try #require(found)
                try #require(one.deadline.map { $0 > now } ?? true)
                working.append(place)
                admitted[one.rank] += 1
                try #require(working.count <= share(one.rank) && working.count + outside.count <= configuration.maximum)
                // Nobody who matters more has been passed over.
                try #require(!waiting.values.contains { $0.rank > one.rank && !($0.deadline.map { $0 <= now } ?? false) })
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

        /// Of everybody who ever waited.
        private var ranks: [Int: Int] = [:]

        private mutating func check() throws {
            for (id, one) in waiting where ranks[id] == nil { ranks[id] = one.rank }
            try #require(state.inFlight == working.count && state.outside == outside.count)
            try #require(state.line.count == waiting.count && waiting.count <= configuration.places)
            try #require(
                (0..<4).allSatisfy { rank in state.line.count(rank: rank) == waiting.values.count { $0.rank == rank } })
            try #require((configuration.minimum...configuration.maximum).contains(state.limit))
            try #require((0..<4).allSatisfy { (1...share($0)).contains(state.allowances[$0]) })
            try #require(state.allowances[3] == share(3))
            try #require(state.admitted == admitted && state.refused == refused)
        }
    }

    @Test("keeps to its limit, lets who matters more go first, sends nobody away while who matters less stays, forgets nobody")
    func model() throws {
        var chance = SeededChance("shedder, model")
        var steps = 0
        while steps < 150_000 {
            let minimum = 1 + chance.upTo(8)
            var model = Model(
                Shedder.Configuration(
                    minimum: minimum, maximum: minimum + chance.upTo(60), patience: .milliseconds(10 + chance.upTo(200)),
                    places: chance.upTo(4) == 0 ? chance.upTo(3) : 5 + chance.upTo(60)))
            let pressure = 1 + chance.upTo(4)
            let pace = 1 + chance.upTo(20)
            for _ in 0..<2000 {
                steps += 1
                model.now = model.now.advanced(by: .microseconds(chance.upTo(1000 * pace)))
                switch chance.upTo(10) {
                case 0: try model.tick()
                case 1 where !model.waiting.isEmpty:
                    try model.leave(model.waiting.keys.sorted()[chance.upTo(model.waiting.count)])
                case 2 where !model.working.isEmpty: try model.goOutside(chance.upTo(model.working.count))
                case 3 where !model.outside.isEmpty:
                    if chance.upTo(10) == 0 {
                        try model.endOutside(chance.upTo(model.outside.count))
                    } else {
                        try model.comeBack(chance.upTo(model.outside.count))
                    }
                case let draw where draw < 4 + pressure:
                    let budget: Duration? = chance.upTo(3) == 0 ? .milliseconds(chance.upTo(100) - 5) : nil
                    try model.arrive(rank: chance.upTo(4), deadline: budget)
                default:
                    guard !model.working.isEmpty else { continue }
                    try model.end(
                        chance.upTo(model.working.count), isWhole: chance.upTo(5) > 0)
                }
            }
            // All that waits is let in as work ends, or told; nothing stays.
            while !model.outside.isEmpty { try model.comeBack(0) }
            while !model.working.isEmpty { try model.end(chance.upTo(model.working.count), isWhole: true) }
            try #require(model.waiting.isEmpty && model.state.inFlight == 0)
        }
    }
}
