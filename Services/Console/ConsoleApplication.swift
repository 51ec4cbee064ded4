import Contracts
import Foundation
package import Queue
package import Runtime
package import ServiceLifecycle
import StackView
package import Storage
package import Transport

/// Shows the stack in a browser. Nothing on a purchase's way calls it or waits for it.
package struct ConsoleApplication: ServiceApplication {
    package static let name = ServiceName.console.rawValue
    package static var openAPI: [UInt8] { PackageResources.openapi_json }
    package static let migrations = [
        DurableQueue.migration, DurableQueue.counts, DurableQueue.traces, IncidentTable.migration,
        PathStore.migration,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    package let background: [any Service]
    let incidents: IncidentStore

    package init(configuration: ConsoleConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(store: store, wall: { wall().milliseconds }, time: environment.time)
        let board = Board()
        let common = environment.common
        let services = Self.services(configuration)
        let relay = ServiceRelay(client: environment.http, services: services)
        incidents = IncidentStore(
            store: store, queue: queue,
            notices: NoticePlan(
                link: configuration.link,
                channel: configuration.notices.webhook == nil ? "log" : "webhook"),
            escalation: Escalation(
                onCall: configuration.onCall, after: configuration.escalateAfter))
        let watch = IncidentWatch(
            store: incidents, changes: ChangeLog(), time: environment.time, logger: environment.logger)
        let status = StatusBoard(
            store: incidents, file: configuration.statusFile, time: environment.time,
            logger: environment.logger)
        let control = ControlRoutes(
            credentials: Credentials(
                service: common.serviceToken, administrator: common.administratorToken),
            sessions: Sessions(time: environment.time), command: configuration.command,
            administratorToken: common.administratorToken, relay: relay,
            changed: { watch.changes.add($0, at: wall()) }, logger: environment.logger)
        routes =
            ConsoleRoutes(board: board).routes + control.routes
            + IncidentRoutes(watch: watch, control: control, wall: wall).routes
            + StatusRoutes(board: status, link: configuration.link).routes
            + PurchaseRoutes(relay: relay).routes
            + TraceRoutes(archive: TraceArchive(capacity: configuration.traceCapacity)).routes
        background =
            [
                WatchStack(
                    poller: Poller(
                        client: environment.http,
                        administratorToken: common.faultsEnabled ? common.administratorToken : nil,
                        services: services),
                    mode: common.mode, control: configuration.stackFile == nil ? "compose" : "csp",
                    board: board, paths: PathStore(store: store),
                    incidents: watch, status: status, time: environment.time, logger: environment.logger),
                CountImpact(
                    store: incidents, orders: OrderPages(client: environment.http, services: services),
                    graph: { watch.graph }, time: environment.time, wall: wall, logger: environment.logger
                ),
            ] + Self.workers(queue, configuration.notices, environment)
    }

    /// None where no notice is to be sent.
    private static func workers(
        _ queue: DurableQueue, _ settings: NoticeSettings, _ environment: ServiceEnvironment
    ) -> [any Service] {
        guard let url = settings.webhook else { return [] }
        let send = SendNotice(
            url: url, format: settings.format, secret: settings.secret,
            allowsPrivate: settings.allowsPrivate, client: environment.http, wall: environment.wall)
        let lane = QueueWorkers.Lane(
            SendNotice.lane, concurrency: 4, handlers: [SendNotice.kind: { await send($0) }])
        return [
            QueueWorkers(
                queue: queue, lanes: [lane], tracer: environment.tracer, logger: environment.logger)
        ]
    }

    /// Those of the stack's record, which names the processes too; else those of the settings.
    private static func services(_ configuration: ConsoleConfiguration)
        -> @Sendable () -> [StackSnapshot.Service]
    {
        let settings = configuration.services.map { StackSnapshot.Service($0.name, at: $0.url) }
        guard let file = configuration.stackFile else { return { settings } }
        return {
            guard let data = FileManager.default.contents(atPath: file),
                let record = try? JSONDecoder().decode(StackRecord.self, from: data)
            else { return settings }
            return record.services.filter { $0.name != .console }.map(StackSnapshot.Service.init)
        }
    }
}
