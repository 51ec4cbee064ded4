import TestSupport

@testable import Resilience

/// A service behind a shedder, in virtual time: so many workers and one queue, first come first served, and
/// callers that come at random, independent of each other.
struct ShedderSimulation {
    /// Requests of one sort.
    struct Stream {
        var rank: Int
        /// A second, at random times.
        var rate: Double
        /// The index of its work.
        var kind = 0
        /// How long its caller waits.
        var callerWait: Duration = .seconds(1)
    }

    struct Outcome {
        var rank: Int
        var kind: Int
        var arrival: Double
        /// When it was answered or refused.
        var end: Double
        var isServed: Bool
        /// Seconds of a worker.
        var work = 0.0

        var latency: Double { end - arrival }
    }

    private struct Request {
        var stream: Stream
        var arrival: Double
    }

    private struct Work {
        var request: Request
        var permit: ShedderState<Int>.Permit
        var seconds: Double
        var end: Double
    }

    var state: ShedderState<Int>
    /// Mean seconds of work, by kind.
    var work: [Double]
    var spread: Spread
    var workers: Int { didSet { free = Array(repeating: max(now, free.max() ?? 0), count: workers) } }
    /// Mean seconds that each answer takes without a worker: a slow disk, a handler that sleeps.
    var delay = 0.0
    /// How long each request is suspended before anything else is done.
    var suspended = 0.0
    private(set) var now = 0.0
    private(set) var outcomes: [Outcome] = []
    private var random: SeededRandomSource
    /// When each worker is free.
    private var free: [Double]
    /// Under way; the next to end is last.
    private var works: [Work] = []
    /// Suspended; the next to resume is first.
    private var away: [(request: Request, permit: ShedderState<Int>.Permit, until: Double)] = []
    private var waiting: [Int: Request] = [:]
    private var waiters = 0
    private var nextTick = 0.0

    init(
        _ configuration: Shedder.Configuration = .init(), workers: Int, work: [Double],
        spread: Spread = .exponential,
        _ purpose: String
    ) {
        state = ShedderState(configuration)
        self.work = work
        self.workers = workers
        self.spread = spread
        random = SeededRandomSource(purpose)
        free = Array(repeating: 0, count: workers)
    }

    /// Requests of `kind` that it can do a second.
    func capacity(kind: Int = 0) -> Double { Double(workers) / work[kind] }

    /// - Returns: the outcomes of the requests that came meanwhile.
    mutating func run(_ streams: [Stream], for seconds: Double) -> [Outcome] {
        let begin = now
        let first = outcomes.count
        var next = streams.map { begin + random.exponential(mean: 1 / $0.rate) }
        while true {
            let soonest = next.indices.min { next[$0] < next[$1] } ?? 0
            guard next.indices.contains(soonest), next[soonest] < begin + seconds else { break }
            advance(to: next[soonest])
            arrive(streams[soonest])
            next[soonest] += random.exponential(mean: 1 / streams[soonest].rate)
        }
        advance(to: begin + seconds)
        return outcomes[first...].filter { $0.arrival >= begin }
    }

    private func instant(_ seconds: Double) -> Instant { Instant(sinceOrigin: .seconds(seconds)) }

    private mutating func arrive(_ stream: Stream) {
        let request = Request(stream: stream, arrival: now)
        let id = waiters
        waiters += 1
        var asked = Shedder.Request(Priority(rank: stream.rank))
        asked.deadline = Deadline(instant(now).advanced(by: stream.callerWait))
        let (arrival, changes) = state.arrive(asked, id, at: instant(now))
        switch arrival {
        case .admitted(let permit): begin(request, permit)
        case .waiting:
            if waiting.isEmpty { nextTick = now + 0.005 }
            waiting[id] = request
        case .refused: refuse(request)
        }
        settle(changes)
    }

    private mutating func advance(to time: Double) {
        while true {
            let tick = waiting.isEmpty ? .infinity : nextTick
            let end = works.last?.end ?? .infinity
            let back = away.first?.until ?? .infinity
            guard min(tick, end, back) <= time else { break }
            now = max(now, min(tick, end, back))
            if back <= min(tick, end) {
                let (request, permit, _) = away.removeFirst()
                state.resume()
                work(on: request, permit)
            } else if end <= tick, let done = works.popLast() {
                outcomes.append(
                    Outcome(
                        rank: done.request.stream.rank, kind: done.request.stream.kind,
                        arrival: done.request.arrival,
                        end: now, isServed: true, work: done.seconds))
                settle(state.end(done.permit, countsAsSample: true, at: instant(now)))
            } else {
                nextTick = now + 0.005
                settle(state.tick(at: instant(now)))
            }
        }
        now = time
    }

    private mutating func settle(_ changes: ShedderState<Int>.Changes) {
        for (id, permit) in changes.admitted {
            if let request = waiting.removeValue(forKey: id) { begin(request, permit) }
        }
        for (id, _) in changes.refused {
            if let request = waiting.removeValue(forKey: id) { refuse(request) }
        }
    }

    private mutating func refuse(_ request: Request) {
        outcomes.append(
            Outcome(
                rank: request.stream.rank, kind: request.stream.kind, arrival: request.arrival, end: now,
                isServed: false))
    }

    private mutating func begin(_ request: Request, _ permit: ShedderState<Int>.Permit) {
        guard suspended > 0 else { return work(on: request, permit) }
        var permit = permit
        permit.away = .seconds(suspended)
        away.append((request, permit, now + suspended))
        settle(state.suspend(at: instant(now)))
    }

    private mutating func work(on request: Request, _ permit: ShedderState<Int>.Permit) {
        let worker = free.indices.min { free[$0] < free[$1] } ?? 0
        let start = max(now, free[worker])
        let seconds = serviceTime(work[request.stream.kind])
        free[worker] = start + seconds
        let end = free[worker] + (delay > 0 ? serviceTime(delay) : 0)
        let ended = Work(request: request, permit: permit, seconds: seconds, end: end)
        let index = works.lastIndex { $0.end >= ended.end }.map { $0 + 1 } ?? 0
        works.insert(ended, at: index)
    }

    private mutating func serviceTime(_ mean: Double) -> Double {
        switch spread {
        case .even: mean * (0.5 + random.unit())
        case .exponential: random.exponential(mean: mean)
        // One in twenty takes ten times as long as the others.
        case .heavy: mean * (random.upTo(20) == 0 ? 10 : 1) / 1.45 * (0.5 + random.unit())
        }
    }
}

/// How long the works of one sort take.
enum Spread: Sendable {
    /// From half the mean to one and a half.
    case even
    case exponential
    /// Most take about as long, a few ten times that.
    case heavy
}

extension [ShedderSimulation.Outcome] {
    /// Those that came from then on.
    func arrived(from start: Double) -> Self { filter { $0.arrival >= start } }

    /// Seconds of work that was done for those that ended from then on.
    func work(from start: Double) -> Double { filter { $0.end >= start }.reduce(0) { $0 + $1.work } }

    /// The latency that this share of the served ones stays below.
    func percentile(_ share: Double) -> Double {
        let sorted = filter(\.isServed).map(\.latency).sorted()
        return sorted.isEmpty ? 0 : sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    /// The share that was served.
    var share: Double { isEmpty ? 1 : Double(filter(\.isServed).count) / Double(count) }
}
