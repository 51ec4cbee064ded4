package import Logging
import Metrics
import Resilience

/// Rows that can't be decoded, of a table that is read in batches: skipped from then on, so that one of them
/// doesn't stop the others. Each is logged and counted (`csp_unreadable_rows_total{table}`) once in the life
/// of the process.
package final class UnreadableRows: Sendable {
    private let table: String
    private let logger: Logger
    private let found = Locked<Set<String>>([])
    private let counter: Counter

    package init(table: String, logger: Logger) {
        self.table = table
        self.logger = logger
        counter = Counter(label: "csp_unreadable_rows_total", dimensions: [("table", table)])
    }

    /// How many were found so far.
    package var count: Int { found.withLock(\.count) }

    package func contains(_ id: String) -> Bool { found.withLock { $0.contains(id) } }

    /// What `body` makes of the row `id`; nil where the row can't be decoded.
    package func skip<Value>(_ id: String, _ body: () throws -> Value) throws -> Value? {
        guard !contains(id) else { return nil }
        do {
            return try body()
        } catch let error as DecodingError {
            add(id, error)
            return nil
        }
    }

    package func add(_ id: String, _ error: DecodingError) {
        guard found.withLock({ $0.insert(id).inserted }) else { return }
        counter.increment()
        logger.error(
            "a row can't be read and is skipped",
            metadata: ["table": "\(table)", "id": "\(id)", "error": "\(error)"])
    }
}
