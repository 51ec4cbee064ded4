import Contracts
import StackView
import Transport

/// Answers and finished orders since the services started, from their metrics.
struct Throughput: Equatable {
    /// Seconds since the load began.
    var at: Double
    /// Successful answers (2xx) of operations, by their id.
    var answered: [String: Double] = [:]
    /// Orders in a terminal state.
    var finished = 0.0
    /// Messages of order's queue that are ready, leased or delayed.
    var backlog = 0

    /// How often the operation was answered since an earlier reading.
    func count(_ operation: Operation, since earlier: Throughput) -> Int {
        Int((answered[operation.id] ?? 0) - (earlier.answered[operation.id] ?? 0))
    }

    func perSecond(_ operation: Operation, since earlier: Throughput) -> Double {
        at > earlier.at ? Double(count(operation, since: earlier)) / (at - earlier.at) : 0
    }
}

extension Throughput {
    private static let terminal: Set = ["confirmed", "cancelled", "rejected"]

    /// Reads the current figures, from routes that faults spare.
    static func read(_ reader: StackReader, _ operations: [Operation], at now: Double) async throws
        -> Throughput
    {
        var found = Throughput(at: now)
        for name in Set(operations.map(\.dependency)) {
            guard let service = ServiceName(rawValue: name) else { continue }
            let page = try await page(reader, service)
            for operation in operations where operation.dependency == name {
                found.answered[operation.id] = page.answered(operation.route)
            }
        }
        found.finished =
            try await page(reader, .order).sum("csp_orders_total") { terminal.contains($0["outcome"] ?? "") }
            ?? 0
        let queue = try await reader.get(QueueStatus.self, .order, "/queue")
        found.backlog = queue.ready + queue.leased + queue.delayed
        return found
    }

    private static func page(_ reader: StackReader, _ service: ServiceName) async throws -> MetricsPage {
        MetricsPage(String(decoding: try await reader.answer(service, "/metrics").body, as: UTF8.self))
    }
}

extension MetricsPage {
    /// Successful answers of `POST /reservations`.
    func answered(_ route: String) -> Double {
        sum("http_server_request_duration_seconds_count") { labels in
            "\(labels["method"] ?? "") \(labels["route"] ?? "")" == route
                && labels["status"]?.hasPrefix("2") == true
        } ?? 0
    }
}
