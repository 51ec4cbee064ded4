package import Contracts
package import GRDB
import Logging
import Resilience
import ServiceLifecycle
import Storage

/// How long a service keeps things of one kind, and how it deletes those that are older.
package struct Retention: Sendable {
    /// What one transaction has deleted.
    package struct Batch: Sendable {
        package var count = 0
        /// The time of the youngest of them; nil: none was deleted.
        package var until: Timestamp?
        /// Where the next batch begins; nil: nothing more is old.
        package var cursor: String?

        package init(count: Int = 0, until: Timestamp? = nil, cursor: String? = nil) {
            self.count = count
            self.until = until
            self.cursor = cursor
        }
    }

    /// Deletes what is finished and from `until` or before, past `cursor`, the oldest first, so that one
    /// point in time tells what is gone. It reads `limit` rows at most.
    package typealias Delete =
        @Sendable (_ database: Database, _ until: Timestamp, _ cursor: String?, _ limit: Int) throws -> Batch

    /// As ``RetentionStatus/what``.
    let what: String
    /// Nil: for ever.
    let keptFor: Duration?
    let delete: Delete

    package init(_ what: String, keptFor: Duration?, delete: @escaping Delete) {
        self.what = what
        self.keptFor = keptFor
        self.delete = delete
    }

    func status(_ store: Store) async throws -> RetentionStatus {
        RetentionStatus(
            what: what, keptForSeconds: keptFor.map { Int($0.components.seconds) },
            deletedUntil: try await store.read { [what] in try StoreRetention.deletedUntil($0, what) })
    }
}

/// Deletes what is older than its retention: when the service starts, and every minute after that.
///
/// In small transactions with pauses between them, so that no customer waits long behind one and customers
/// get most of the disk: at most 400 rows a second.
struct DeleteOld: Service {
    private static let batch = 20
    private static let pause = Duration.milliseconds(50)
    private static let interval = Duration.seconds(60)

    let retention: Retention
    let keptFor: Duration
    let store: Store
    let wall: @Sendable () -> Timestamp
    let time: TimeSource
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var cursor: String?
            while !Task.isCancelled {
                cursor = await deleteBatch(past: cursor)
                try? await time.sleep(cursor == nil ? Self.interval : Self.pause)
            }
        }
    }

    /// Answers where the next batch begins.
    private func deleteBatch(past cursor: String?) async -> String? {
        let until = wall().advanced(by: .zero - keptFor)
        do {
            let batch = try await store.write("deleted") { [retention] database in
                let batch = try retention.delete(database, until, cursor, Self.batch)
                if let until = batch.until {
                    try StoreRetention.deleted(database, retention.what, until: until)
                }
                return batch
            }
            if batch.count > 0 {
                logger.info(
                    "deleted what was old",
                    metadata: ["what": "\(retention.what)", "count": "\(batch.count)"])
            }
            return batch.cursor
        } catch {
            logger.error(
                "what is old could not be deleted",
                metadata: ["what": "\(retention.what)", "error": "\(error)"])
            return nil
        }
    }
}
