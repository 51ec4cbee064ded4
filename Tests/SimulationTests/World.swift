import Resilience

/// Virtual time, one random source, and a queue of future events. A simulation consists of events that run
/// one at a time, so that the seed determines everything.
final class World {
    /// The process in which events happen: they are dropped after its crash, and delayed while it is frozen.
    final class Host {
        var isAlive = true
        var frozenUntil: Int64 = 0
    }

    final class Event {
        fileprivate let at: Int64
        fileprivate let sequence: Int
        fileprivate let host: Host?
        fileprivate let act: () -> Void
        private(set) var isCancelled = false

        fileprivate init(at: Int64, sequence: Int, host: Host?, act: @escaping () -> Void) {
            self.at = at
            self.sequence = sequence
            self.host = host
            self.act = act
        }

        func cancel() { isCancelled = true }

        fileprivate func isBefore(_ other: Event) -> Bool { (at, sequence) < (other.at, other.sequence) }
    }

    let seed: UInt64
    let clock = VirtualClock()
    var dice: Dice
    /// Events that have happened.
    private(set) var steps = 0
    /// A hash of all events: equal for identical runs.
    private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    private var upcoming = Heap()
    private var sequence = 0

    init(seed: UInt64) {
        self.seed = seed
        dice = Dice(seed: seed)
    }

    /// Milliseconds since the world began.
    var now: Int64 { clock.now }

    /// - Parameter host: the process in which it happens; nil for events that no crash prevents.
    @discardableResult
    func after(_ wait: Int64, in host: Host? = nil, _ act: @escaping () -> Void) -> Event {
        sequence += 1
        let event = Event(at: now + max(0, wait), sequence: sequence, host: host, act: act)
        upcoming.push(event)
        return event
    }

    /// False if no event is left.
    func step() -> Bool {
        while let event = upcoming.pop() {
            if event.isCancelled || event.host?.isAlive == false { continue }
            if let host = event.host, host.frozenUntil > event.at {
                let thawed = Event(at: host.frozenUntil, sequence: event.sequence, host: host, act: event.act)
                upcoming.push(thawed)
                continue
            }
            clock.now = event.at
            event.act()
            steps += 1
            for part in [UInt64(bitPattern: event.at), UInt64(event.sequence), dice.draws] {
                fingerprint = (fingerprint ^ part) &* 0x100_0000_01b3
            }
            return true
        }
        return false
    }
}

/// Time that only the world moves.
final class VirtualClock: Sendable {
    private let time = Locked<Int64>(0)

    var now: Int64 {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}

/// Random numbers with the few helpers that a simulation needs.
struct Dice: RandomNumberGenerator {
    private let source: RandomSource
    private(set) var draws: UInt64 = 0

    init(seed: UInt64) { source = .seeded(seed) }

    mutating func next() -> UInt64 {
        draws += 1
        return source.next()
    }

    /// True `perMille` times in a thousand.
    mutating func happens(_ perMille: Int) -> Bool { perMille > 0 && Int(next() % 1000) < perMille }

    mutating func from(_ low: Int64, _ high: Int64) -> Int64 { low + Int64(next() % UInt64(high - low + 1)) }

    mutating func one<Value>(of values: [Value]) -> Value { values[Int(next() % UInt64(values.count))] }
}

/// A binary heap of events.
private struct Heap {
    private var events: [World.Event] = []

    mutating func push(_ event: World.Event) {
        events.append(event)
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard events[child].isBefore(events[parent]) else { return }
            events.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> World.Event? {
        guard let first = events.first, let last = events.popLast() else { return nil }
        guard !events.isEmpty else { return first }
        events[0] = last
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < events.count else { return first }
            if least + 1 < events.count, events[least + 1].isBefore(events[least]) { least += 1 }
            guard events[least].isBefore(events[parent]) else { return first }
            events.swapAt(least, parent)
            parent = least
        }
    }
}
