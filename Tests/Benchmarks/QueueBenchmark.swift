import Contracts
import Foundation

/// The durable queue relative to the limits of this disk and SQLite; every write is synced
/// (`synchronous=FULL`).
enum QueueBenchmark {
    struct Result {
        var syncs: Double
        var raw: Rate
        var ours: Rate
        var enqueued: Double
        var claims: Claims
        var toHandler: LoadResult
        var poisoned: Poisoned

        var text: String {
            let share = ours.perSecond / raw.perSecond
            let delayed = claims.besideDelayed.milliseconds / claims.alone.milliseconds
            let due = claims.fromBacklog.milliseconds / claims.alone.milliseconds
            return """
                queue, durable, payloads of 200 bytes
                  this disk: append 4 KB + fdatasync          \(fixed(syncs, 0))/s
                  raw SQLite: claim + acknowledge, batch 64   \(fixed(raw.perSecond, 0)) jobs/s, \
                \(fixed(raw.cpuMicroseconds)) µs CPU each
                  ours: claim + acknowledge, batch 64         \(fixed(ours.perSecond, 0)) jobs/s, \
                \(fixed(ours.cpuMicroseconds)) µs CPU each, \
                \(fixed(100 * share, 0)) % of raw (aim: 40,000, or 70 %)\
                \(judged(ours.perSecond >= 40_000 || share >= 0.7))
                  enqueue, 64 producers                       \(fixed(enqueued, 0))/s, \
                \(fixed(enqueued / syncs)) × the syncs (aim: 10,000, or 5 ×)\
                \(judged(enqueued >= 10_000 || enqueued >= 5 * syncs))
                  claim of 64 with no others there            \(fixed(claims.alone.milliseconds, 2)) ms
                  claim of 64 beside 1,000,000 not due        \
                \(fixed(claims.besideDelayed.milliseconds, 2)) ms, \(fixed(delayed, 2)) × (aim: 1.5 ×)\
                \(judged(delayed <= 1.5))
                  claim of 64 from 1,000,000 due              \
                \(fixed(claims.fromBacklog.milliseconds, 2)) ms, \(fixed(due, 2)) × (aim: 1.5 ×)\
                \(judged(due <= 1.5))
                  commit to handler, idle, one process        \
                p50 \(fixed(toHandler.percentile(0.5).milliseconds, 2)) ms, \
                p99 \(fixed(toHandler.percentile(0.99).milliseconds, 2)) ms
                  to handler, 500/s, 1 % of them poison       \
                p99 \(fixed(poisoned.with.milliseconds, 2)) ms, \
                \(fixed(poisoned.with / poisoned.without, 2)) × without (aim: 1.2 ×)\
                \(judged(poisoned.with <= poisoned.without * 1.2)); \(poisoned.dead) dead letters

                """
        }

        private func judged(_ isMet: Bool) -> String { isMet ? "" : "  MISSED" }
    }

    static func run() async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "csp-queue-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Alternating, so that all three meet the same disk and the same other processes.
        var (synced, raw, ours): ([Double], [Rate], [Rate]) = ([], [], [])
        for round in 0..<5 {
            synced.append(try syncs(folder))
            raw.append(try await self.raw(folder, round: round))
            ours.append(try await self.ours(folder, round: round))
        }
        return Result(
            syncs: synced.sorted()[2], raw: raw.sorted { $0.perSecond < $1.perSecond }[2],
            ours: ours.sorted { $0.perSecond < $1.perSecond }[2], enqueued: try await enqueued(folder),
            claims: try await claims(folder), toHandler: try await toHandler(folder),
            poisoned: try await poisoned(folder))
    }
}
