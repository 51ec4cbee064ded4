import Contracts
import Foundation
import Resilience

/// The results of a run of requests.
struct LoadResult: Sendable {
    var latencies: [Duration]
    var elapsed: Duration
    var failures: Int

    var perSecond: Double { Double(latencies.count) / elapsed.seconds }

    func percentile(_ share: Double) -> Duration {
        guard !latencies.isEmpty else { return .zero }
        let sorted = latencies.sorted()
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
    }
}

/// Numbers the requests of a closed loop.
private final class Tickets: Sendable {
    private let next = Locked(0)

    func take() -> Int {
        next.withLock { next in
            defer { next += 1 }
            return next
        }
    }
}

enum Load {
    /// Closed loop: `clients` callers, each of which sends its next request after an answer; `count` in all.
    static func closed(clients: Int, count: Int, send: @escaping @Sendable (Int) async -> Bool) async
        -> LoadResult
    {
        let next = Tickets()
        let start = ContinuousClock.now
        let parts = await withTaskGroup(of: ([Duration], Int).self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var latencies: [Duration] = []
                    var failures = 0
                    while true {
                        let number = next.take()
                        guard number < count else { return (latencies, failures) }
                        let sent = ContinuousClock.now
                        if await send(number) {
                            latencies.append(sent.duration(to: .now))
                        } else {
                            failures += 1
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return LoadResult(
            latencies: parts.flatMap(\.0), elapsed: start.duration(to: .now),
            failures: parts.reduce(0) { $0 + $1.1 })
    }

    /// Open loop: a request every 1/`rate` seconds, whatever the answers do; latency counts from the intended
    /// time.
    static func open(rate: Double, count: Int, send: @escaping @Sendable (Int) async -> Bool) async
        -> LoadResult
    {
        let start = ContinuousClock.now
        let outcomes = await withTaskGroup(of: Duration?.self) { group in
            for number in 0..<count {
                let intended = start.advanced(by: .seconds(Double(number) / rate))
                try? await Task.sleep(until: intended, clock: .continuous)
                group.addTask { await send(number) ? intended.duration(to: .now) : nil }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let latencies = outcomes.compactMap { $0 }
        return LoadResult(
            latencies: latencies, elapsed: start.duration(to: .now),
            failures: outcomes.count - latencies.count)
    }
}

extension Duration {
    var milliseconds: Double { seconds * 1000 }
}

func fixed(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
