import CSimulation

/// Runs the jobs of all tasks of this process, one at a time on one thread, and advances the clock when no
/// job is ready. The seed decides the order of ready jobs, so it determines everything.
///
/// It is safe to share because there is one thread.
final class Scheduler: @unchecked Sendable {
    static let shared = Scheduler()

    /// An event at an instant.
    final class Event {
        fileprivate let at: Int64
        fileprivate let order: UInt64
        fileprivate let host: Host?
        fileprivate var act: (() -> Void)?

        fileprivate init(at: Int64, order: UInt64, host: Host?, act: (() -> Void)?) {
            self.at = at
            self.order = order
            self.host = host
            self.act = act
        }

        func cancel() { act = nil }

        fileprivate func isBefore(_ other: Event) -> Bool { (at, order) < (other.at, other.order) }
    }

    /// Nanoseconds since the world began.
    private(set) var now: Int64 = 0
    var dice = Dice(seed: 0)
    /// Jobs that were run.
    private(set) var steps = 0
    /// A hash of all that happened: equal for identical runs.
    private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    private var ready: [UnsafeMutableRawPointer] = []
    private var upcoming = Heap()

    private init() {}

    /// Takes over the process's executors. Call once, before the first task.
    func takeOver() -> Bool {
        sim_take_over_tasks(
            { job in if let job { Scheduler.shared.ready.append(job) } },
            { nanoseconds, job in
                guard let job else { return }
                Scheduler.shared.after(nanoseconds: Int64(clamping: nanoseconds)) {
                    Scheduler.shared.ready.append(job)
                }
            })
    }

    /// Begins a new world.
    func begin(seed: UInt64) {
        sim_take_over_time_and_chance(seed ^ 0x5eed)
        dice = Dice(seed: seed)
        now = 0
        upcoming = Heap()
    }

    /// - Parameter host: the process in which it happens; nil for events that no crash prevents.
    @discardableResult
    func after(nanoseconds: Int64, in host: Host? = nil, _ act: @escaping () -> Void) -> Event {
        let event = Event(
            at: now.addingClamped(max(0, nanoseconds)), order: dice.next(), host: host, act: act)
        upcoming.push(event)
        return event
    }

    @discardableResult
    func after(_ milliseconds: Int64, in host: Host? = nil, _ act: @escaping () -> Void) -> Event {
        after(nanoseconds: milliseconds * 1_000_000, in: host, act)
    }

    /// False if no event is left, or none before `end`.
    func step(until end: Int64 = .max) -> Bool {
        if ready.isEmpty || (upcoming.first.map { $0.at <= now } ?? false && dice.happens(250)) {
            guard let next = upcoming.first, next.at <= end else { return !ready.isEmpty && run() }
            _ = upcoming.pop()
            happen(next)
            return true
        }
        return run()
    }

    private func happen(_ event: Event) {
        guard let act = event.act, event.host?.isAlive != false else { return }
        if let host = event.host, host.frozenUntil > max(now, event.at) {
            upcoming.push(Event(at: host.frozenUntil, order: event.order, host: host, act: act))
            return
        }
        if event.at > now {
            now = event.at
            sim_set_time(now)
        }
        act()
    }

    private func run() -> Bool {
        let last = ready.count - 1
        let chosen = last == 0 ? 0 : dice.below(ready.count)
        ready.swapAt(chosen, last)
        let job = ready.removeLast()
        steps += 1
        note(UInt64(bitPattern: now) &+ UInt64(last) << 48)
        note(dice.draws)
        sim_run(job)
        return true
    }

    /// Adds a word to the fingerprint.
    func note(_ word: UInt64) { fingerprint = (fingerprint ^ word) &* 0x100_0000_01b3 }

    func note(_ text: some Collection<UInt8>) { for byte in text { note(UInt64(byte)) } }

    /// Advances the clock without an event.
    func pass(until end: Int64) {
        guard end > now else { return }
        now = end
        sim_set_time(now)
    }

    /// Runs ready jobs but no future events, at the end of a world.
    func finish() {
        upcoming = Heap()
        while !ready.isEmpty { _ = run() }
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// Random numbers with the few helpers that a simulation needs. SplitMix64.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    private(set) var draws: UInt64 = 0

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        draws += 1
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// True `perMille` times in a thousand.
    mutating func happens(_ perMille: Int) -> Bool { perMille > 0 && below(1000) < perMille }

    /// True once in `times`.
    mutating func onceIn(_ times: Int) -> Bool { below(times) == 0 }

    mutating func from(_ low: Int64, _ high: Int64) -> Int64 { low + Int64(next() % UInt64(high - low + 1)) }

    mutating func one<Value>(of values: [Value]) -> Value { values[below(values.count)] }
}

/// A binary heap of events.
private struct Heap {
    private var events: [Scheduler.Event] = []

    var first: Scheduler.Event? { events.first }

    mutating func push(_ event: Scheduler.Event) {
        events.append(event)
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard events[child].isBefore(events[parent]) else { return }
            events.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Scheduler.Event? {
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
