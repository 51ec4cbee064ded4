import Contracts
import GRDB
import Queue
import Runtime
import ServingPath
import Storage
import Transport

/// The smallest service: one route that adds work for customers, one for services, one that does not, and one
/// that fails.
struct SmallService: ServiceApplication {
    struct Configuration: ServiceConfiguration {
        init(reading settings: inout Settings) {}
    }

    static let name = "small"
    static let migrations = [
        Store.Migration("notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT"),
        DurableQueue.migration,
        DurableQueue.counts,
        DurableQueue.traces,
    ]
    static let openAPI = Array(#"{"paths":{}}"#.utf8)

    let store: Store
    let queue: DurableQueue
    let routes: [Route]

    init(configuration: Configuration, environment: ServiceEnvironment) throws {
        let store = try Store(
            folder: environment.common.dataFolder, name: Self.name,
            migrations: Self.migrations, acceptingLoss: environment.common.acceptsLoss)
        self.store = store
        queue = DurableQueue(store: store, wall: { environment.wall().milliseconds })
        let write: Route.Handler = { _ in
            try await store.write { try $0.run("INSERT INTO notes DEFAULT VALUES") }
            return try .json(201, ["done": true])
        }
        routes = [
            .post("/begin", .critical, addsWork: true, handler: write),
            .post("/help", .critical, access: .services, addsWork: true, handler: write),
            .post("/finish", .critical, handler: write),
            // Its write fails with an SQLite result code.
            .post("/fail/{code}", .critical) { call in
                let code = ResultCode(rawValue: Int32(call.parameter("code")) ?? 0)
                try await store.write { _ in throw DatabaseError(resultCode: code) }
                return try .json(201, ["done": true])
            },
        ]
    }
}
