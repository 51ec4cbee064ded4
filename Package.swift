// swift-tools-version: 6.2
import PackageDescription

// Targets are listed bottom-up: each may depend only on what stands above it.

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
/// SQLite's C interface, as GRDB links it.
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let instrumentation = Target.Dependency.product(name: "Instrumentation", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
/// Signs the console's notices.
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
/// Reads the console's list of who is on call.
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

/// The folders of the services. Products, targets and the tests of all of them follow from this list.
let services = ["Order", "Payment", "Coupon", "Inventory", "Notification", "Console"]
let serviceLibraries = services.map { Target.Dependency.target(name: "\($0)Service") }
let serviceExecutables = services.map { $0.lowercased() }

/// What a browser loads of the console.
let page = [
    "index.html", "console.css", "app.js", "break.js", "charts.js", "page.js", "path.js", "place.js",
    "stories.js", "text.en.js", "text.ko.js",
    "incident.css", "incident.html", "incident.js", "incident-figures.js", "incident-record.js",
    "incident-words.js", "incidents.html", "incidents.js", "polling.js", "session.js",
    "order.html", "order.css", "order.js", "receipt.js", "trace.js", "waterfall.js",
]

/// A service is a library (`OrderService`), so that tests and the simulator run the same code, and an
/// executable of one file with the name that users type (`order`).
func service(_ folder: String) -> [Target] {
    [
        .target(
            name: "\(folder)Service",
            dependencies: [
                "Contracts", "Mutants", "Queue", "Resilience", "Runtime", "ServingPath", "Storage",
                "Telemetry", "Transport", grdb, httpTypes, instrumentation, tracing, lifecycle, logging,
                metrics,
            ] + (folder == "Console" ? ["StackView", crypto, yams] : []),
            path: "Services/\(folder)",
            exclude: ["Main"],
            resources: [.embedInCode("openapi.json")]
                + (folder == "Console" ? page.map { .embedInCode("Web/\($0)") } : [])
        ),
        .executableTarget(
            name: folder.lowercased(),
            dependencies: [.target(name: "\(folder)Service"), "Runtime"],
            path: "Services/\(folder)/Main"
        ),
    ]
}

/// The commit as the build is told it, since an image is built without git:
/// `CSP_COMMIT=$(git rev-parse --short HEAD)`.
let commit = (Context.environment["CSP_COMMIT"] ?? "").filter { $0.isASCII && ($0.isLetter || $0.isNumber) }

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests")
}

/// Order's tests run it with all others.
func serviceTests(_ folder: String) -> Target {
    tests(
        folder,
        (folder == "Order" ? serviceLibraries : [.target(name: "\(folder)Service")]) + [
            "TestSupport", "Contracts", httpTypes, logging, "Queue", "Resilience", "Runtime", "ServingPath",
            "Storage", "Transport", grdb,
        ] + (folder == "Console" ? ["StackView", crypto] : [])
    )
}

let package = Package(
    name: "critical-serving-path",
    platforms: [.macOS(.v15)],
    products: serviceExecutables.map { .executable(name: $0, targets: [$0]) } + [
        .library(name: "Resilience", targets: ["Resilience"]),
        .library(name: "ServingPath", targets: ["ServingPath"]),
        .executable(name: "csp", targets: ["CommandLine"]),
        .executable(name: "simulator", targets: ["Simulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        // Hummingbird's own foundations, named because the HTTP layer speaks their types.
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        // swift-configuration names files with its FilePath.
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CCurl", path: "Shared/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),

        .target(name: "Resilience", path: "Shared/Resilience"),
        .target(name: "ServingPath", dependencies: ["Resilience"], path: "Shared/ServingPath"),
        .target(
            name: "CBuild", path: "Shared/CBuild",
            cSettings: [.define("CSP_COMMIT", to: "\"\(commit.isEmpty ? "unknown" : commit)\"")]),
        .target(name: "Mutants", path: "Shared/Mutants"),
        .target(name: "Contracts", dependencies: ["CBuild", "Mutants"], path: "Shared/Contracts"),
        .target(
            name: "Telemetry",
            dependencies: ["Resilience", logging, coreMetrics, tracing, instrumentation],
            path: "Shared/Telemetry"),
        .target(name: "CrashPoints", dependencies: ["Resilience"], path: "Shared/CrashPoints"),
        .target(
            name: "Storage",
            dependencies: [
                "Contracts", "CrashPoints", "Mutants", "Resilience", "Telemetry", grdb, instrumentation,
                logging, sqlite, tracing,
            ],
            path: "Shared/Storage"),
        .target(
            name: "Queue",
            dependencies: [
                "Contracts", "Mutants", "Resilience", "Storage", "Telemetry", grdb, instrumentation, logging,
                metrics, lifecycle, tracing,
            ],
            path: "Shared/Queue"),
        .target(
            name: "Transport",
            dependencies: [
                "CCurl", "Contracts", "CrashPoints", "Resilience", "ServingPath", "Telemetry", hummingbird,
                hummingbirdCore, httpTypes, instrumentation, tracing,
                lifecycle, nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, logging, metrics,
            ],
            path: "Shared/Transport"),
        .target(
            name: "Runtime",
            dependencies: [
                "Contracts", "Queue", "Resilience", "ServingPath", "Storage", "Telemetry", "Transport",
                configuration, grdb,
                hummingbird, hummingbirdCore, httpTypes, lifecycle, unixSignals, logging, metrics,
                coreMetrics, instrumentation, nioCore,
                nioPosix, systemPackage, tracing,
            ],
            path: "Shared/Runtime"),

        .target(name: "StackView", dependencies: ["Contracts", "Transport"], path: "Shared/StackView"),

        .target(name: "Load", dependencies: ["Resilience"], path: "Tools/Load"),
        .executableTarget(
            name: "CommandLine",
            dependencies: [
                "Contracts", "Load", "Resilience", "ServingPath", "StackView", "Transport", argumentParser,
                logging,
            ],
            path: "Tools/CommandLine"),

        .target(
            name: "TestSupport",
            dependencies: [
                "Contracts", "Resilience", "Runtime", "ServingPath", "Storage", "Transport", grdb, lifecycle,
                logging,
            ],
            path: "Tests/TestSupport"),
        tests("Resilience", ["Resilience", "TestSupport"]),
        tests("ServingPath", ["ServingPath", "Resilience", "TestSupport"]),
        tests("Contracts", ["Contracts", "TestSupport"]),
        tests(
            "Telemetry",
            ["Telemetry", "Resilience", "TestSupport", coreMetrics, instrumentation, logging, tracing]),
        tests("Storage", ["Storage", "Contracts", "Resilience", "TestSupport", grdb]),
        tests(
            "Queue",
            [
                "Queue", "Contracts", "Resilience", "Storage", "TestSupport", grdb, lifecycle, logging,
                metricsTestKit,
            ]),
        tests(
            "Transport",
            [
                "Transport", "Contracts", "Resilience", "ServingPath", "TestSupport", hummingbird, logging,
                nioCore,
            ]),
        tests(
            "Runtime",
            [
                "Runtime", "Contracts", "Queue", "Resilience", "ServingPath", "Storage", "Transport",
                "TestSupport", grdb,
            ]),
        // The simulator itself is another executable, which stands in front of the C library's clock.
        tests("Simulation", ["Contracts", "Mutants", "Queue", "Resilience", "TestSupport"]),
        tests(
            "CommandLine", ["CommandLine", "Contracts", "Load", "StackView", "Transport", "TestSupport"]),
        tests(
            "System",
            [
                "CommandLine", "Contracts", "Resilience", "ServingPath", "StackView", "Storage",
                "TestSupport", "Transport",
                grdb,
            ] + serviceLibraries + serviceExecutables.map { .target(name: $0) }
        ),
        .target(name: "CSimulation", path: "Tests/CSimulation"),
        .executableTarget(
            name: "Simulator",
            dependencies: [
                "CSimulation", "Contracts", "Mutants", "Queue", "Resilience", "Runtime", "ServingPath",
                "Storage", "Transport", grdb, hummingbird, hummingbirdCore, httpTypes, lifecycle, logging,
                nioCore, nioEmbedded,
            ] + serviceLibraries,
            path: "Tests/Simulator"),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Contracts", "Load", "Queue", "Resilience", "Runtime", "Storage", "Telemetry", "Transport",
                grdb, sqlite,
                hummingbird, instrumentation,
                logging, metrics, tracing,
            ],
            path: "Tests/Benchmarks"),
    ]
)

for folder in services { package.targets += service(folder) + [serviceTests(folder)] }

// The image builds the packages before it has sources (see Dockerfile): with this setting there is one empty
// target that depends on all of their products.
if Context.environment["CSP_ONLY_PACKAGES"] == "1" {
    var products: [String: Target.Dependency] = [:]
    for dependency in package.targets.filter({ $0.type != .test }).flatMap(\.dependencies) {
        if case .productItem(let name, _, _, _) = dependency { products[name] = dependency }
    }
    package.products = []
    package.targets = [
        .target(
            name: "Packages", dependencies: products.sorted { $0.key < $1.key }.map(\.value),
            path: "Packages")
    ]
}

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
