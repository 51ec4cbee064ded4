package import Logging
import Telemetry

/// A service's own settings; the only place of a service that knows the environment's keys.
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
    /// Bytes that new work leaves free on the data folder's disk; 0: none.
    package var storageReserve: Int64
    package var logLevel: Logger.Level
    var logFormat: LogFormat
    /// Shared between the services.
    package var serviceToken: String
    package var administratorToken: String?
    package var faultsEnabled: Bool
    package var mode: Mode
    /// Where `products.csv` and `coupons.csv` lie.
    package var seedFolder: String?

    package init(reading settings: inout Settings) { self.init(reading: &settings, name: "service", port: 0) }

    init(reading settings: inout Settings, name: String, port: Int) {
        host = settings.string("HTTP_HOST", default: "127.0.0.1", "address to listen on")
        self.port = settings.integer("HTTP_PORT", default: port, in: 0...65_535, "port to listen on; 0 takes a free one")
        dataFolder = settings.string("DATA_DIR", default: ".csp/\(name)", "folder of the service's files")
        storageReserve = settings.bytes(
            "STORAGE_RESERVE", default: 64 << 20, in: 0...(1 << 40),
            "free space on the data folder's disk below which new work is refused; 0 switches it off")
        logLevel = settings.choice("LOG_LEVEL", default: .info, "least severe message that is logged")
        logFormat = settings.choice("LOG_FORMAT", default: .text, "how a log line is written")
        serviceToken = settings.required("SERVICE_TOKEN", "secret shared between the services")
        administratorToken = settings.optional("ADMIN_TOKEN", "secret for operators; without it, what needs it is refused")
        faultsEnabled = settings.flag("FAULTS_ENABLED", default: false, "whether faults may be injected")
        mode = settings.choice("CSP_MODE", default: .protected, "naive switches the protections off, for comparison")
        seedFolder = settings.optional("SEED_DIR", "folder of products.csv and coupons.csv, loaded once into an empty store")
    }
}
