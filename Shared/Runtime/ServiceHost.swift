import Contracts
import CoreMetrics
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Queue
import Resilience
import ServiceLifecycle
import Storage
import Telemetry
package import Transport
package import UnixSignals

/// A service with its standard routes and its HTTP server, ready to run.
package struct ServiceHost<Application: ServiceApplication>: Sendable {
    package let application: Application
    private let environment: ServiceEnvironment
    private let credentials: Credentials
    /// All that are served.
    private let routes: [Route]
    private let admission: AdmissionControl
    private let reserve: StorageReserve
    private let faults: Faults?
    private let readiness = Readiness()
    private let retentions: [Retention]

    /// - Throws: ``StartError`` or ``StoreError`` when the service can't be put together.
    package init(configuration: Application.Configuration, environment: ServiceEnvironment) throws {
        let common = environment.common
        var environment = environment
        environment.shedder = try common.shedder.map { try Shedder($0) }
        application = try Application(configuration: configuration, environment: environment)
        let own: @Sendable () -> ServiceStore = { [store = application.store] in
            ServiceStore(service: Application.name, store: store.mark)
        }
        if let record = environment.peerRecord {
            environment.peers.begin(with: record, own: own)
        } else {
            environment.peers.begin(in: common.dataFolder, own: own)
        }
        self.environment = environment
        retentions =
            application.retentions + [
                Retention("dead letters", keptFor: common.deadLetterRetention) {
                    [queue = application.queue] in
                    let (count, until) = try queue.deleteDead($0, until: $1.milliseconds, limit: $3)
                    return Retention.Batch(
                        count: count, until: until.map(Timestamp.init(milliseconds:)),
                        cursor: count == $3 ? "" : nil)
                }
            ]
        credentials = Credentials(service: common.serviceToken, administrator: common.administratorToken)
        admission = try AdmissionControl(
            common.admission(environment.shedder), service: ServiceIdentity(name: Application.name),
            credentials: credentials, time: environment.time)
        reserve = StorageReserve(
            folder: common.dataFolder, bytes: common.storageReserve, time: environment.time)
        let standard = StandardRoutes(
            name: Application.name, openAPI: Data(Application.openAPI), store: application.store,
            queue: application.queue,
            reserve: reserve, readiness: readiness, registry: Metering.registry, retentions: retentions,
            path: PathRoutes(
                service: Application.name, path: application.path, time: environment.time,
                wall: environment.wall,
                admission: admission, store: { [store = application.store] in store.mark },
                peers: environment.peers))
        var routes = standard.routes.map { route in
            var route = route
            route.isForMonitors = true
            return route
        }
        routes += application.routes.map { route in
            var route = route
            route.budget = max(route.budget, environment.minimumTime)
            return route
        }
        faults = common.faultsEnabled ? Faults(environment: environment.faults(named: Application.name)) : nil
        if let faults {
            routes += FaultRoutes(faults: faults, served: routes, logger: environment.logger).routes
        }
        self.routes = routes
    }

    /// Serves until the surrounding task is cancelled or one of `signals` arrives; then stops accepting,
    /// finishes what is in flight (10 s at most), stops the queue and closes the store.
    ///
    /// - Parameter onListening: called once with the port, when requests are taken.
    package func run(signals: [UnixSignal] = [], onListening: @escaping @Sendable (Int) -> Void = { _ in })
        async throws
    {
        defer {
            environment.peers.save()
            application.store.close()
        }
        try await application.prepare()
        // Stopped in reverse: unready first, then no new requests, then no more deliveries.
        let services: [any Service] =
            (environment.exporter.map { [ExportSpans(exporter: $0)] } ?? [])
            + application.background + deletions + [server(onListening), readiness]
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: signals, logger: environment.logger)
        configuration.maximumGracefulShutdownDuration = max(.seconds(10), environment.minimumTime)
        configuration.maximumCancellationDuration = max(.seconds(5), environment.minimumTime)
        try await ServiceGroup(configuration: configuration).run()
    }

    private var deletions: [any Service] {
        retentions.compactMap { retention in
            retention.keptFor.map {
                DeleteOld(
                    retention: retention, keptFor: $0, store: application.store, wall: environment.wall,
                    time: environment.time, logger: environment.logger)
            }
        }
    }

    private func server(_ onListening: @escaping @Sendable (Int) -> Void) -> some Service {
        let common = environment.common
        return Hummingbird.Application(
            responder: responder(),
            server: .through(admission, to: routes, exempt: StandardRoutes.firstSegments),
            configuration: ApplicationConfiguration(
                address: .hostname(common.host, port: common.port), backlog: 1024),
            onServerRunning: { [readiness, admission, logger = environment.logger] channel in
                try? await admission.listens(on: channel, logger: logger)
                readiness.serve()
                onListening(channel.localAddress?.port ?? common.port)
            },
            logger: environment.logger)
    }

    /// Makes the service ready, where its requests don't come through ``run(signals:onListening:)``.
    package func beginServing() { readiness.serve() }

    /// What answers the service's requests, wherever they come from.
    package func responder() -> RouteResponder {
        RouteResponder(
            routes: routes,
            credentials: credentials,
            admit: { [queue = application.queue, reserve] in try await Self.admit($0, reserve, queue) },
            translate: Self.problem, faults: faults, peers: environment.peers, tracer: environment.tracer,
            logger: environment.logger)
    }

    /// Refuses new work early if there is no room for what it will need until it ends.
    private static func admit(_ route: Route, _ reserve: StorageReserve, _ queue: DurableQueue) async throws {
        // Another service's request belongs to an order that was begun: it may use half of the reserve, so
        // that on a shared disk an order that was admitted can be finished.
        guard reserve.isFree(share: route.access == .services ? 0.5 : 1) else {
            throw Problem.storageFull("Nothing was begun: the disk has little space left.")
        }
        guard await queue.hasRoom() else {
            throw Problem.unavailable(
                "overloaded", "Too much is under way",
                "Nothing was begun: too much that was begun isn't finished.",
                retryAfter: 5)
        }
    }

    /// The store's failures as callers see them: retry later.
    private static func problem(for error: any Error) -> Problem? {
        switch error as? StoreError {
        case .full: .storageFull("Nothing was changed: the disk is full.")
        case .unavailable:
            .unavailable(
                "storage-unavailable", "The store can't be used for now",
                "Nothing was changed: the service is short of memory, file descriptors or locks.")
        case .uncertain:
            .unavailable(
                "storage-failed", "The store was interrupted",
                """
                Nothing is acknowledged: the store was interrupted while it kept this, \
                and whether it did shows when asked again.
                """
            )
        case .failed:
            .unavailable(
                "storage-failed", "The store failed",
                """
                Nothing is acknowledged: the disk failed, \
                and whether it kept this shows when the service is back.
                """,
                retryAfter: 5)
        case .tooSlow: .deadlineExceeded
        case .closed:
            .unavailable("draining", "Shutting down", "The service is shutting down.")
        default: nil
        }
    }
}

extension Problem {
    fileprivate static func storageFull(_ detail: String) -> Problem {
        .unavailable("storage-full", "No space is left", detail, retryAfter: 5)
    }
}

/// The process's metrics: swift-metrics can be bootstrapped once a process, and it is done here.
package enum Metering {
    static let registry: PrometheusRegistry = {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        for (name, help) in MetricHelp.texts { registry.describe(name, help: help) }
        let labels = [("version", SystemVersion.current), ("commit", SystemVersion.commit)]
        Gauge(label: "csp_build_info", dimensions: labels).record(1)
        return registry
    }()

    /// Call before any instrument is made; later calls do nothing.
    package static func start() { _ = registry }
}
