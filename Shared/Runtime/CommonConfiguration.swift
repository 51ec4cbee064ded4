package import Logging
import Resilience
import Telemetry
import Transport

/// A service's own settings; the only file of a service that knows their keys.
package protocol ServiceConfiguration: Sendable {
    init(reading settings: inout Settings)
}

/// The settings that every service has.
package struct CommonConfiguration: ServiceConfiguration {
    /// `protected`, or `naive`: the protections switched off, for comparison.
    package enum Mode: String, Sendable, CaseIterable { case protected, naive }

    package var host: String
    /// 0: a free one, which the log names.
    package var port: Int
    package var dataFolder: String
    /// Whether to go on with a store that has lost what was acknowledged (`--accept-loss`; not a setting, so
    /// that it isn't left on).
    package var acceptsLoss = false
    /// Bytes that new work leaves free on the data folder's disk; 0: none.
    package var storageReserve: Int64
    package var logLevel: Logger.Level
    var logFormat: LogFormat
    /// Shared between the services.
    package var serviceToken: String
    package var administratorToken: String?
    /// Where spans are sent, OTLP over HTTP in JSON: `/v1/traces` below it. Nil: nowhere.
    package var traceEndpoint: String?
    /// Of the traces that begin here, 0 … 1.
    package var traceShare: Double
    /// What this service is called in its traces.
    package var traceName: String
    package var faultsEnabled: Bool
    package var mode: Mode
    /// Requests in work at once: always let in, and never exceeded.
    var shedMinimum: Int
    var shedMaximum: Int
    /// How long a request waits for admission at most.
    var shedMaximumQueueTime: Duration
    /// Requests a second of one client, and how many of them at once.
    var rateLimit: Int
    var rateLimitBurst: Int
    /// Connections at once; fewer where the process may not open so many files.
    var maxConnections: Int
    var maxConnectionsPerClient: Int
    var idleTimeout: Duration
    var requestTimeout: Duration
    /// Nil: for ever.
    var deadLetterRetention: Duration?
    /// The folder of `products.csv` and `coupons.csv`.
    package var seedFolder: String?

    package init(reading settings: inout Settings) { self.init(reading: &settings, name: "service", port: 0) }

    init(reading settings: inout Settings, name: String, port: Int) {
        host = settings.string("HTTP_HOST", default: "127.0.0.1", "address to listen on")
        self.port = settings.integer(
            "HTTP_PORT", default: port, in: 0...65_535, "port to listen on; 0 takes a free one")
        dataFolder = settings.string("DATA_DIR", default: ".csp/\(name)", "folder of the service's files")
        storageReserve = settings.bytes(
            "STORAGE_RESERVE", default: 64 << 20, in: 0...(1 << 40),
            "free space on the data folder's disk below which new work is refused; 0 switches it off")
        logLevel = settings.choice("LOG_LEVEL", default: .info, "least severe message that is logged")
        logFormat = settings.choice("LOG_FORMAT", default: .text, "how a log line is written")
        serviceToken = settings.required("SERVICE_TOKEN", "secret shared between the services")
        administratorToken = settings.optional(
            "ADMIN_TOKEN", "secret for operators; without it, what needs it is refused")
        traceEndpoint = settings.optionalURL(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector of traces, which gets OTLP/HTTP JSON at /v1/traces; without it nothing is recorded")
        traceShare = settings.real(
            "OTEL_TRACES_SAMPLER_ARG", default: 1, in: 0...1,
            "share of the traces that is recorded; degraded and failed orders always are")
        traceName = settings.string(
            "OTEL_SERVICE_NAME", default: name, "name of this service in its traces")
        faultsEnabled = settings.flag("FAULTS_ENABLED", default: false, "whether faults may be injected")
        mode = settings.choice(
            "CSP_MODE", default: .protected, "naive switches the protections off, for comparison")
        shedMinimum = settings.integer(
            "SHED_MINIMUM", default: 24, in: 1...10_000, "requests that are worked on at once in any case")
        shedMaximum = settings.integer(
            "SHED_MAXIMUM", default: 1000, in: 1...100_000,
            "requests that are worked on at once at most; how many in between is found by measuring")
        shedMaximumQueueTime = settings.duration(
            "SHED_MAX_QUEUE_TIME", default: .milliseconds(500), in: .milliseconds(1)...(.seconds(60)),
            """
            how long a request waits for admission at most; \
            a tenth of it where the queue doesn't become shorter
            """
        )
        rateLimit = settings.integer(
            "RATE_LIMIT", default: 0, in: 0...1_000_000,
            "requests a second that one client (a remote address) may make; 0 is any number")
        rateLimitBurst = settings.integer(
            "RATE_LIMIT_BURST", default: max(1, rateLimit), in: 1...1_000_000,
            "requests that one client may make at once after a quiet time; RATE_LIMIT if not set")
        maxConnections = settings.integer(
            "MAX_CONNECTIONS", default: ConnectionLimits.most, in: 16...100_000,
            """
            open connections at once, fewer where the limit of open files (ulimit -n) asks for it; \
            beyond, an idle one ends for each new one
            """)
        maxConnectionsPerClient = settings.integer(
            "MAX_CONNECTIONS_PER_CLIENT", default: maxConnections / 4 * 3, in: 1...100_000,
            """
            open connections of one client (a remote address), services not counted; \
            three quarters of all at most
            """
        )
        idleTimeout = settings.duration(
            "IDLE_TIMEOUT", default: .seconds(60), in: .seconds(1)...(.seconds(3600)),
            "how long a connection may be silent between two requests")
        requestTimeout = settings.duration(
            "REQUEST_TIMEOUT", default: .seconds(10), in: .seconds(1)...(.seconds(3600)),
            "how long a request's head may take to arrive, and then its body")
        deadLetterRetention = settings.retention(
            "DEAD_LETTER_RETENTION", default: nil,
            "how long a message that was given up is kept, for you to send it again")
        seedFolder = settings.optional(
            "SEED_DIR", "folder of products.csv and coupons.csv, loaded once into an empty store")
    }

    /// Nil: nothing is shed.
    var shedder: Shedder.Configuration? {
        guard mode == .protected else { return nil }
        return Shedder.Configuration(
            minimum: shedMinimum, maximum: shedMaximum, maximumQueueTime: shedMaximumQueueTime)
    }

    func admission(_ shedder: Shedder?) -> AdmissionControl.Configuration {
        AdmissionControl.Configuration(
            shedder: shedder, rate: rateLimit, burst: rateLimitBurst,
            connections: ConnectionLimits(
                total: maxConnections, perClient: maxConnectionsPerClient,
                descriptors: DescriptorLimit.current),
            idleTimeout: idleTimeout, requestTimeout: requestTimeout)
    }
}
