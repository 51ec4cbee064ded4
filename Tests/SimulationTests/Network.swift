import ServingPath

/// Carries requests and answers, and loses, repeats and holds up both: a request may take effect long after its caller has
/// given up, and after whatever was sent later.
final class Network {
    enum Reply {
        case answer(Answer)
        case unavailable(Unavailability)
    }

    private let world: World
    private let trace: Trace
    /// Of a thousand messages each; 0 once the faults are over.
    var isFaulty = true

    init(_ world: World, trace: Trace) {
        self.world = world
        self.trace = trace
    }

    /// - Parameters:
    ///   - orderId: for the trace.
    ///   - host: who waits for the reply, and gets none after a crash.
    ///   - patience: how long; nothing left means that it isn't sent at all.
    func call(
        _ neighbour: Neighbour, _ request: Request, about orderId: String, from host: World.Host, patience: Int64,
        reply: @escaping (Reply) -> Void
    ) {
        guard patience > 0 else { return refuse(.deadlineExceeded, host, reply) }
        if world.now < neighbour.downUntil { return refuse(world.dice.happens(500) ? .circuitOpen : .unreachable, host, reply) }
        if isFaulty, world.dice.happens(20) {
            // A first try is on its way, and nobody knows; the second finds nobody.
            carry(request, to: neighbour, about: orderId) { _ in }
            var why = Unavailability.unreachable
            why.mayHaveBeenDone = true
            return refuse(why, host, reply)
        }
        var isOver = false
        let timeout = world.after(patience, in: host) {
            isOver = true
            reply(.unavailable(.timeout))
        }
        carry(request, to: neighbour, about: orderId) { [self] answer in
            let isGarbled = isFaulty && world.dice.happens(20)
            let epoch = neighbour.epoch
            world.after(latency(neighbour), in: host) {
                guard !isOver, neighbour.epoch == epoch else { return }
                isOver = true
                timeout.cancel()
                reply(isGarbled ? .unavailable(.serverError) : .answer(answer))
            }
        }
    }

    private func refuse(_ why: Unavailability, _ host: World.Host, _ reply: @escaping (Reply) -> Void) {
        world.after(0, in: host) { reply(.unavailable(why)) }
    }

    /// The request arrives, or doesn't, or twice; what is done on arrival is answered, or the answer is lost.
    private func carry(
        _ request: Request, to neighbour: Neighbour, about orderId: String, answered: @escaping (Answer) -> Void
    ) {
        let copies = !isFaulty ? 1 : world.dice.happens(30) ? 0 : world.dice.happens(60) ? 2 : 1
        let epoch = neighbour.epoch
        for _ in 0..<copies {
            world.after(latency(neighbour)) { [self] in
                // What arrives at a dead service is lost.
                guard world.now >= neighbour.downUntil, neighbour.epoch == epoch else { return }
                let answer = neighbour.handle(request)
                trace.note(orderId, "\(neighbour.name): \(request) → \(answer)")
                if !isFaulty || !world.dice.happens(30) { answered(answer) }
            }
        }
    }

    private func latency(_ neighbour: Neighbour) -> Int64 {
        guard isFaulty else { return world.dice.from(1, 8) }
        if world.now < neighbour.slowUntil { return world.dice.from(500, 4000) }
        return world.dice.happens(40)
            ? world.dice.from(100, 3000)
            : world.dice.happens(8)
                ? world.dice.from(3000, 40_000)
                : world.dice.from(1, 12)
    }
}

/// What has happened, in words; kept only when somebody wants to read it, which is when a seed is run again.
final class Trace {
    private(set) var lines: [String] = []
    private let isKept: Bool
    private let clock: VirtualClock

    init(isKept: Bool, clock: VirtualClock) {
        self.isKept = isKept
        self.clock = clock
    }

    func note(_ about: String, _ text: @autoclosure () -> String) {
        if isKept { lines.append("\(clock.now) ms  \(about)  \(text())") }
    }

    /// The last lines about an order, or about everything that isn't one order's.
    func last(_ count: Int, about ids: [String]) -> [String] {
        lines.filter { line in line.contains("  *  ") || ids.contains { line.contains($0) } }.suffix(count)
    }
}
