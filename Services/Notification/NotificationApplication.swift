import Contracts
package import Queue
package import Runtime
package import Storage
package import Transport

/// Delivers messages to customers.
package struct NotificationApplication: ServiceApplication {
    package static let name = ServiceName.notification.rawValue
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    package static let migrations = [
        NotificationTable.migration, DurableQueue.migration, NotificationTable.lists, DurableQueue.counts,
        DurableQueue.traces,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    package let retentions: [Retention]

    package init(configuration: NotificationConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        retentions = [
            Retention("notifications", keptFor: configuration.retention) { database, until, _, limit in
                try NotificationTable.deleteOldest(database, until: until, limit: limit)
            }
        ]
        let notifications = NotificationStore(store: store)
        routes =
            NotificationRoutes(
                notifications: notifications,
                notify: Notify(notifications: notifications, wall: wall, logger: environment.logger)
            ).routes
    }
}
