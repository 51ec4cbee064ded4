import TestSupport
import Testing

@testable import Resilience

/// Whatever was asked of a shedder: once nobody asks more than it can do, it lets everybody in at once. Its numbers can't be
/// changed while it runs.
@Suite("A shedder, asked at random")
struct ShedderLivenessTests {
    private static func configuration(_ chance: inout SeededChance) -> Shedder.Configuration {
        let minimum = 1 + chance.upTo(8)
        let maximum = minimum + chance.upTo(40)
        return Shedder.Configuration(
            minimum: minimum, maximum: maximum, initial: minimum + chance.upTo(maximum - minimum + 1),
            share: Double(1 + chance.upTo(100)) / 100, patience: .milliseconds(1 + chance.upTo(1_000)), places: chance.upTo(30))
    }

    private struct Storm {
        var chance: SeededChance
        var state: ShedderState<Int>
        var now = Moment(sinceOrigin: .zero)
        var working: [ShedderState<Int>.Place] = []
        var outside: [ShedderState<Int>.Place] = []
        var waiting: [Int: (ticket: UInt64, rank: Int)] = [:]
        private var asked = 0

        init(_ chance: SeededChance, _ configuration: Shedder.Configuration) {
            self.chance = chance
            state = ShedderState(configuration)
        }

        mutating func ask(rank: Int, deadline: Deadline? = nil) -> Bool {
            asked += 1
            let request = Shedder.Request(Priority(rank: rank), deadline: deadline)
            let (arrival, changes) = state.arrive(request, asked, at: now)
            settle(changes)
            switch arrival {
            case .admitted(let place):
                working.append(place)
                return true
            case .waiting(let ticket): waiting[asked] = (ticket, rank)
            case .refused: break
            }
            return false
        }

        mutating func step() {
            switch chance.upTo(100) {
            case ..<45:
                let deadline = chance.upTo(2) == 0 ? Deadline(now.advanced(by: .milliseconds(chance.upTo(500)))) : nil
                _ = ask(rank: chance.upTo(4), deadline: deadline)
            case ..<55: end()
            case ..<65 where !working.isEmpty:
                outside.append(working.remove(at: chance.upTo(working.count)))
                settle(state.goOutside(at: now))
            case ..<70 where !outside.isEmpty:
                working.append(outside.remove(at: chance.upTo(outside.count)))
                state.comeBack()
            case ..<75:
                guard let gone = waiting.keys.min(), let (ticket, rank) = waiting.removeValue(forKey: gone) else { return }
                _ = state.leave(ticket, rank: rank, at: now)
            case ..<80: settle(state.tick(at: now))
            default: now = now.advanced(by: .milliseconds(chance.upTo(chance.upTo(20) == 0 ? 2_000 : 20)))
            }
        }

        /// One ends, whole or not; one that waits for somebody else too.
        mutating func end() {
            let isOutside = !outside.isEmpty && (working.isEmpty || chance.upTo(2) == 0)
            let place: ShedderState<Int>.Place
            if isOutside {
                place = outside.remove(at: chance.upTo(outside.count))
            } else {
                guard !working.isEmpty else { return }
                place = working.remove(at: chance.upTo(working.count))
            }
            settle(state.end(place, isOutside: isOutside, isWhole: chance.upTo(3) > 0, at: now))
        }

        mutating func settle(_ changes: ShedderState<Int>.Changes) {
            for (waiter, place) in changes.admitted where waiting.removeValue(forKey: waiter) != nil { working.append(place) }
            for (waiter, _) in changes.refused { waiting[waiter] = nil }
        }

        /// Ends all that is under way, and lets those who wait wait for as long as they have patience.
        mutating func calmDown(_ patience: Duration) {
            while !working.isEmpty || !outside.isEmpty { end() }
            now = now.advanced(by: patience)
            settle(state.tick(at: now))
            while !working.isEmpty || !outside.isEmpty { end() }
        }
    }

    @Test(
        "is empty when all has ended, and after three seconds of few requests lets as many in as its limit says, of every rank")
    func emptiesAndAdmits() throws {
        var chance = SeededChance("shedder under random requests")
        for round in 0..<1_000 {
            let numbers = Self.configuration(&chance)
            var storm = Storm(chance, numbers)
            for _ in 0..<storm.chance.upTo(1_500) { storm.step() }
            storm.calmDown(numbers.patience)
            let message = "round \(round), seed \(chance.seed)"
            try #require(storm.state.inFlight == 0 && storm.state.outside == 0, "\(message)")
            try #require(storm.state.line.isEmpty && storm.waiting.isEmpty, "\(message)")
            try #require((numbers.minimum...numbers.maximum).contains(storm.state.limit), "\(message)")
            // What lower ranks had to yield comes back with time, and is looked at when a request comes.
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
            chance = storm.chance
        }
    }

    @Test("places that are dropped, ended twice or ended outside are given back once")
    func dropped() throws {
        final class Customer: Shedder.Waiter {
            let place = Locked<Shedder.Place?>(nil)
            func admitted(_ place: Shedder.Place) { self.place.withLock { $0 = place } }
            func refused(_ refusal: Shedder.Refusal) {}
        }
        var chance = SeededChance("places of a shedder, dropped")
        let time = ManualTime()
        let shedder = try Shedder(.init(minimum: 4, maximum: 8, places: 100), time: time.source)
        var places: [Shedder.Place] = []
        var customers: [Customer] = []
        for _ in 0..<20_000 {
            switch chance.upTo(10) {
            case ..<5:
                let customer = Customer()
                switch shedder.ask(Shedder.Request(Priority(rank: chance.upTo(4))), customer) {
                case .admitted(let place): places.append(place)
                case .waiting: customers.append(customer)
                case .refused: break
                }
            case ..<8 where !places.isEmpty:
                let place = places.remove(at: chance.upTo(places.count))
                for _ in 0..<chance.upTo(3) { place.end(isWhole: chance.upTo(2) == 0) }
            case 8 where !customers.isEmpty: customers.remove(at: chance.upTo(customers.count)).place.withLock { $0 = nil }
            default: time.advance(by: .milliseconds(chance.upTo(10)))
            }
        }
        // Each that goes lets others in, who have gone or are dropped in turn.
        places = []
        while shedder.snapshot.inFlight > 0, !customers.isEmpty {
            customers.removeAll { $0.place.withLock { $0.take() } != nil }
        }
        #expect(shedder.snapshot.inFlight == 0 && shedder.snapshot.outside == 0)
    }
}
