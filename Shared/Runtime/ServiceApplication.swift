package import Contracts
package import Logging
package import Queue
package import Resilience
package import ServiceLifecycle
package import ServingPath
package import Storage
package import Telemetry
package import Transport

/// What a service is made of. `Main` runs one, and so do the component tests.
package protocol ServiceApplication: Sendable {
    associatedtype Configuration: ServiceConfiguration

    /// As users type it, and as it is called in logs and file names.
    static var name: String { get }
    /// Of its store. Order matters; one that was released is never edited, moved or removed.
    static var migrations: [Store.Migration] { get }
    /// The OpenAPI document that `GET /openapi.json` serves.
    static var openAPI: [UInt8] { get }

    /// Opens the store and wires everything up; nothing runs yet.
    init(configuration: Configuration, environment: ServiceEnvironment) throws

    var store: Store { get }
    var queue: DurableQueue { get }
    var routes: [Route] { get }
    /// The services that this one calls; by default none.
    var path: CriticalPath { get }
    /// What runs beside the requests: the queue's workers, sweeps. Stopped after the server, in reverse
    /// order.
    var background: [any Service] { get }
    /// What is deleted once it is old, besides dead letters.
    var retentions: [Retention] { get }

    /// Runs before the service listens: loading seeds, filling caches.
    func prepare() async throws
}

extension ServiceApplication {
    /// Any free one, for a service that isn't of the system.
    package static var defaultPort: Int { ServiceName(rawValue: name)?.defaultPort ?? 0 }
    package var background: [any Service] { [] }
    package var retentions: [Retention] { [] }
    package var path: CriticalPath { CriticalPath() }
    package func prepare() async throws {}
}

/// What the process gives its service.
package struct ServiceEnvironment: Sendable {
    package var common: CommonConfiguration
    package var logger: Logger
    package var http: any HTTPSender
    package var time: TimeSource
    /// Wall-clock time, for what is stored and shown.
    package var wall: @Sendable () -> Timestamp
    /// Opens the store of that name; nil: a file in the data folder.
    package var openStore: (@Sendable (String, [Store.Migration]) throws -> Store)?
    /// Keeps what is known of other services' stores; nil: a file in the data folder.
    package var peerRecord: PeerRecord?
    /// Where spans go; nil: nothing is recorded.
    package var exporter: SpanExporter? {
        didSet { tracer = exporter.map { ServiceTracer(exporter: $0, share: common.traceShare) } ?? .off }
    }
    package private(set) var tracer = ServiceTracer.off
    /// What is known of other services' stores.
    package let peers = PeerStores()
    /// Of this service's admission; nil: nothing is shed.
    package internal(set) var shedder: Shedder?
    /// No request's budget and no phase of the shutdown is shorter than this. Zero but in tests: they check
    /// decisions, and run on machines that may be slow.
    package var minimumTime: Duration

    package init(
        common: CommonConfiguration, logger: Logger, http: any HTTPSender, time: TimeSource = .system,
        wall: @escaping @Sendable () -> Timestamp = { Timestamp.now() }, minimumTime: Duration = .zero
    ) {
        self.minimumTime = minimumTime
        self.common = common
        self.logger = logger
        self.http = http
        self.time = time
        self.wall = wall
    }

    /// The service's store, up to date with `migrations`.
    /// - Throws: ``StoreError`` when it can't be used, or has lost what was acknowledged and `--accept-loss`
    ///   isn't given.
    package func store(_ name: String, migrations: [Store.Migration]) throws -> Store {
        if let openStore { return try openStore(name, migrations) }
        return try Store(
            folder: common.dataFolder, name: name, migrations: migrations, acceptingLoss: common.acceptsLoss)
    }

    /// For the service's ``CriticalPath``: with this process's metrics and log.
    package var path: PathEnvironment {
        let calls = DependencyCalls()
        return PathEnvironment(
            time: time, isProtected: common.mode == .protected, observer: CallSpans(),
            called: {
                calls.count($0, $1, after: $2)
                ServiceSpan.current?.called($1)
            },
            happened: { [logger] in
                calls.count($0)
                logger.log($0)
                ServiceSpan.current?.add($0)
            })
    }
}

/// Why a service could not start, in one line for its operator.
package struct StartError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// Exit code 78 (`EX_CONFIG`): the settings have to be changed.
        case configuration
        /// Exit code 1: a port, a file or a disk can't be used.
        case environment
    }
    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    var exitCode: Int32 { kind == .configuration ? 78 : 1 }
}
