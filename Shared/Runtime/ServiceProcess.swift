import Configuration
import Contracts
import Foundation
import Instrumentation
import Logging
import NIOCore
import NIOPosix
import Resilience
import ServiceLifecycle
import Storage
import SystemPackage
import Telemetry
import Tracing
import Transport
import UnixSignals

/// Makes a service a process: settings, logs, metrics, signals and exit codes, the same for all of them.
///
/// `--ready` asks a running one whether it is ready and exits with 0 or 1: a container's health check without
/// a shell.
package enum ServiceProcess<Application: ServiceApplication> {
    /// Runs until SIGTERM or SIGINT; never returns. `--help` lists the settings, `--version` names the
    /// version, `--config FILE` reads the settings from a file too.
    package static func main(arguments: [String] = Array(CommandLine.arguments.dropFirst())) async -> Never {
        signal(SIGPIPE, SIG_IGN)
        // Requests are small: one event loop that also runs the tasks saves every hop between threads, which
        // would cost more than most of the work. Blocking work (the disk, libcurl) has threads of its own.
        NIOSingletons.groupLoopCountSuggestion = 1
        _ = NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
        Metering.start()
        DescriptorLimit.raise()
        do {
            switch try Arguments(arguments) {
            case .help: print(help())
            case .version: print("\(Application.name) \(SystemVersion.description)")
            case .ready: try await askWhetherReady()
            case .run(let file, let acceptsLoss): try await run(file: file, acceptsLoss: acceptsLoss)
            }
            exit(0)
        } catch {
            let failure = startError(error)
            // If it can't be written (the disk is full, the reader is gone), the exit code has to tell.
            try? FileHandle.standardError.write(contentsOf: Data("\(Application.name): \(failure)\n".utf8))
            exit(failure.exitCode)
        }
    }

    private enum Arguments {
        case help
        case version
        case ready
        case run(file: String?, acceptsLoss: Bool)

        init(_ arguments: [String]) throws {
            let acceptsLoss = arguments.contains("--accept-loss")
            switch arguments.filter({ $0 != "--accept-loss" }) {
            case []:
                self = .run(
                    file: ProcessInfo.processInfo.environment["CONFIG_FILE"], acceptsLoss: acceptsLoss)
            case let list where list.count == 2 && list[0] == "--config":
                self = .run(file: list[1], acceptsLoss: acceptsLoss)
            case ["--help"] where !acceptsLoss, ["-h"] where !acceptsLoss: self = .help
            case ["--version"] where !acceptsLoss: self = .version
            case ["--ready"] where !acceptsLoss: self = .ready
            default:
                throw StartError(
                    .configuration, "unknown arguments \(arguments.joined(separator: " ")); see --help")
            }
        }
    }

    private static func run(file: String?, acceptsLoss: Bool) async throws {
        let (common, configuration) = try await read(file: file, acceptsLoss: acceptsLoss)
        LoggingSystem.bootstrap {
            LineLogHandler(
                label: $0, service: Application.name, format: common.logFormat, level: common.logLevel,
                metadataProvider: InstrumentationContext.metadataProvider)
        }
        var logger = Logger(label: Application.name)
        logger.logLevel = common.logLevel
        logger.info(
            "starting",
            metadata: ["version": "\(SystemVersion.current)", "commit": "\(SystemVersion.commit)"])
        let http = HTTPClient()
        defer { http.shutdown() }
        var environment = ServiceEnvironment(common: common, logger: logger, http: http)
        environment.exporter = common.traceEndpoint.map {
            SpanExporter(
                service: common.traceName, version: SystemVersion.current, instance: "\(getpid())",
                endpoint: $0, http: http)
        }
        InstrumentationSystem.bootstrap(environment.tracer)
        let host = try ServiceHost<Application>(configuration: configuration, environment: environment)
        try await host.run(signals: [.sigterm, .sigint]) { [logger] port in
            logger.info(
                "serving",
                metadata: [
                    "url": "http://\(common.host):\(port)", "data": "\(common.dataFolder)",
                    "version": "\(SystemVersion.current)", "commit": "\(SystemVersion.commit)",
                ])
        }
        logger.info("stopped")
    }

    private static func askWhetherReady() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        let port = listenAddress().split(separator: ":").last ?? ""
        let request = HTTPClient.Request(url: "http://127.0.0.1:\(port)/readyz", service: Application.name)
        let answer = try? await client.send(request)
        guard answer?.status == 200 else { throw StartError(.environment, "not ready on port \(port)") }
    }

    private static func read(file: String?, acceptsLoss: Bool) async throws -> (
        CommonConfiguration, Application.Configuration
    ) {
        var providers = [EnvironmentVariablesProvider()]
        var namesInFile: [String] = []
        if let file {
            guard let provider = try? await EnvironmentVariablesProvider(environmentFilePath: FilePath(file)),
                let text = try? String(contentsOfFile: file, encoding: .utf8)
            else { throw StartError(.configuration, "the settings file \(file) can't be read") }
            providers.append(provider)
            namesInFile = Settings.names(inFile: text)
        }
        var settings = Settings { key in
            providers.lazy.compactMap { try? $0.environmentValue(forName: key) }.first { !$0.isEmpty }
        }
        var common = CommonConfiguration(
            reading: &settings, name: Application.name, port: Application.defaultPort)
        common.acceptsLoss = acceptsLoss
        let configuration = Application.Configuration(reading: &settings)
        settings.refuseUnknown(environment: ProcessInfo.processInfo.environment.keys, file: namesInFile)
        guard settings.problems.isEmpty else {
            throw StartError(.configuration, settings.problems.joined(separator: "; "))
        }
        return (common, configuration)
    }

    private static func help() -> String {
        var settings = Settings { _ in nil }
        _ = CommonConfiguration(reading: &settings, name: Application.name, port: Application.defaultPort)
        _ = Application.Configuration(reading: &settings)
        let width = settings.known.map(\.key.count).max() ?? 0
        let lines = settings.known.map { setting in
            let key = setting.key.padding(toLength: width, withPad: " ", startingAt: 0)
            return "  \(key)  \(setting.help) [\(setting.defaultValue)]"
        }
        return """
            \(Application.name): one service of the critical serving path. Runs until SIGTERM.

            usage: \(Application.name) [--config FILE] [--accept-loss]
                   \(Application.name) --version
                   \(Application.name) --ready    asks a running one; exits with 0 if it is ready, else 1
            example: SERVICE_TOKEN=secret HTTP_PORT=\(Application.defaultPort) \(Application.name)

            A store that has lost what was acknowledged isn't started on (exit code 1): put back what is
            missing, or go on without it by --accept-loss, once.

            Settings come from the environment, or from FILE (also CONFIG_FILE) as KEY=value lines; the
            environment wins. A name in FILE that is no setting, or one in the environment that is nearly one,
            ends the start with exit code 78.
            \(lines.joined(separator: "\n"))
            """
    }

    private static func startError(_ error: any Error) -> StartError {
        switch error {
        case let error as StartError: error
        case let error as InvalidConfiguration: StartError(.configuration, "\(error)")
        case let error as StoreError: StartError(.environment, "\(error)")
        case let error as IOError where error.errnoCode == EADDRINUSE:
            StartError(.environment, "the port is already in use: \(listenAddress())")
        case let error as IOError where error.errnoCode == EACCES:
            StartError(.environment, "not allowed to listen on \(listenAddress())")
        default: StartError(.environment, "\(error)")
        }
    }

    private static func listenAddress() -> String {
        var settings = Settings { ProcessInfo.processInfo.environment[$0] }
        let common = CommonConfiguration(
            reading: &settings, name: Application.name, port: Application.defaultPort)
        return "\(common.host):\(common.port)"
    }
}
