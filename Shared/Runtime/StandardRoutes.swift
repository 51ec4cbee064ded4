import Contracts
import Foundation
import HTTPTypes
import Metrics
import Queue
import ServingPath
import Storage
import Telemetry
import Transport

/// The routes that every service has.
struct StandardRoutes: Sendable {
    let name: String
    let openAPI: Data
    let store: Store
    let queue: DurableQueue
    let reserve: StorageReserve
    let readiness: Readiness
    let registry: PrometheusRegistry
    let retentions: [Retention]
    let path: PathRoutes

    /// The first segments of their paths: these routes are never shed.
    static let firstSegments = [
        "livez", "readyz", "metrics", "openapi.json", "csp", "queue", "retention", "backup", "faults",
    ]

    var routes: [Route] {
        [
            .get("/livez", query: .ignored) { _ in
                try .json(
                    200,
                    ["status": "alive", "version": SystemVersion.current, "commit": SystemVersion.commit])
            },
            .get("/readyz", query: .ignored) { _ in try await ready() },
            .get("/metrics", query: .ignored) { _ in await metrics() },
            .get("/openapi.json", query: .ignored) { _ in .json(200, encoded: openAPI) },
            .get("/csp", query: .ignored) { _ in try .json(200, path.document) },
            .patch("/csp/dependencies/{name}", .sheddable, access: .administrators) {
                try await path.reconfigure($0)
            },
            .get("/queue", query: .ignored) { _ in try await .json(200, queueStatus()) },
            .get("/queue/dead", query: .checked) { try await deadLetters($0) },
            .post("/queue/dead/redrive", .sheddable, access: .administrators) { _ in
                try await .json(200, Redriven(redriven: queue.redrive()))
            },
            .get("/retention") { _ in try await retention() },
            .post("/backup", .sheddable, access: .administrators) { try await backUp($0) },
        ]
    }

    /// Says nothing of other services: a dead dependency never makes a service unready.
    private func ready() async throws -> Answer {
        let phase = readiness.phase
        guard phase == .serving else {
            throw Problem.unavailable(phase.rawValue, "Not ready", "\(name) is \(phase.rawValue).")
        }
        switch await store.health() {
        case .healthy: return try .json(200, ["status": "ready"])
        case .full:
            throw Problem.unavailable("storage-full", "Not ready", "\(name) has no space left on its disk.")
        case .unavailable:
            throw Problem.unavailable(
                "store-unavailable", "Not ready",
                """
                \(name) can't write for want of memory, a file descriptor or a lock; its log says which. \
                It tries again by itself, and is ready when that succeeds.
                """)
        case .damaged:
            throw Problem.unavailable(
                "store-failed", "Not ready",
                """
                The file of \(name) is damaged; its log says where. Restore a backup: \
                a restart doesn't take this file.
                """
            )
        case .failed:
            throw Problem.unavailable(
                "store-failed", "Not ready",
                """
                The disk of \(name) failed, and what was written last may be lost; its log says how. \
                Only a restart ends this, after a look at the disk: the start checks the file, \
                and says if a backup is needed.
                """)
        }
    }

    /// Copies the store to a file beside it, while it is used.
    private func backUp(_ call: Call) async throws -> Answer {
        let path = try await call.decode(BackupRequest.self) { request, check in
            let path = request.path
            let isUsable = path.hasPrefix("/") && !path.hasSuffix("/") && !path.utf8.contains(0)
            check(isUsable, "/path", "must be the absolute path of a new file")
        }.path
        do {
            let bytes = try await store.backup(to: path, leaving: reserve.bytes)
            return try .json(201, BackupReceipt(path: path, bytes: bytes))
        } catch BackupRefusal.exists(let path) {
            throw Problem(
                409, "file-exists", "The file exists", "\(path.excerpt(200)) exists; nothing is overwritten.")
        } catch BackupRefusal.unusable(_, let reason) {
            throw Problem.invalidRequest([FieldError(pointer: "/path", detail: "can't be made: \(reason)")])
        }
    }

    private func metrics() async -> Answer {
        if let report = try? await queue.report() {
            for state in DurableQueue.Report.State.allCases {
                Gauge(label: "csp_queue_messages", dimensions: [("state", state.rawValue)]).record(
                    report.total(state))
            }
            Gauge(label: "csp_queue_oldest_seconds").record(report.oldestAge.seconds)
        }
        if let free = reserve.freeBytes { Gauge(label: "csp_storage_free_bytes").record(free) }
        path.record()
        let headers: HTTPFields = [.contentType: "text/plain; version=0.0.4; charset=utf-8"]
        return Answer(status: 200, headers: headers, body: Data(registry.exposition().utf8))
    }

    private func queueStatus() async throws -> QueueStatus {
        let report = try await queue.report()
        let byKind = report.counts.mapValues {
            QueueStatus.Counts(
                ready: $0[.ready] ?? 0, leased: $0[.leased] ?? 0, delayed: $0[.delayed] ?? 0,
                dead: $0[.dead] ?? 0)
        }
        return QueueStatus(
            ready: report.total(.ready), leased: report.total(.leased), delayed: report.total(.delayed),
            dead: report.total(.dead), oldestAgeSeconds: report.oldestAge.seconds, byKind: byKind)
    }

    private func retention() async throws -> Answer {
        var items: [RetentionStatus] = []
        for retention in retentions { items.append(try await retention.status(store)) }
        return try .json(200, Page(items: items))
    }

    private func deadLetters(_ call: Call) async throws -> Answer {
        var check = FieldCheck()
        let paging = Paging(call, &check)
        let after = Int64(paging.after ?? "0") ?? 0
        check(paging.after == nil || after > 0, "/cursor", Paging.foreignCursor)
        try check.finish()
        let letters = try await queue.deadLetters(after: after, limit: paging.limit + 1)
        let items = letters.map {
            DeadMessage(
                id: "\($0.id)", kind: $0.kind, key: $0.key, tries: $0.tries, reason: $0.reason,
                createdAt: Timestamp(milliseconds: $0.createdAt))
        }
        return try await paging.answer(items) { $0.id }
    }
}
