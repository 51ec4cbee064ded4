import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// Prometheus and Alertmanager, from the distribution's packages, on a stack of real processes.
@Suite("Prometheus and Alertmanager", .timeLimit(.minutes(10)))
struct ObservabilityTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private struct Notice: Decodable {
        struct Alert: Decodable {
            var status: String
            var labels: [String: String]
        }
        var alerts: [Alert]
    }

    private struct Result: Decodable {
        struct Series: Decodable { var metric: [String: String] }
        struct Data: Decodable { var result: [Series] }
        var data: Data
    }

    private struct Board: Decodable {
        struct Target: Decodable { var expr: String }
        struct Panel: Decodable {
            var title: String
            var targets: [Target]?
        }
        var panels: [Panel]
    }

    /// What runs beside the stack; ended with it.
    private struct Tools {
        let folder: TemporaryFolder
        let stack: SystemStack
        let prometheus: Int
        let recorder: Int
        let processes: [ChildProcess]

        func read<Value: Decodable>(_ port: Int, _ path: String) async throws -> Value {
            let request = HTTPClient.Request(url: "http://127.0.0.1:\(port)\(path)", timeout: .seconds(60))
            return try JSON.decode(Value.self, from: Data(try await stack.client.send(request).body))
        }

        func series(_ query: String) async throws -> Int {
            let text = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let result: Result = try await read(prometheus, "/api/v1/query?query=\(text)")
            return result.data.result.count
        }

        /// Waits for an alert's notice.
        func notice(_ name: String, _ status: String) async throws -> Notice.Alert {
            while true {
                let notices: [Notice] = try await read(recorder, "/")
                let alert = notices.flatMap(\.alerts).first {
                    $0.labels["alertname"] == name && $0.status == status
                }
                if let alert { return alert }
                await Task.yield()
            }
        }
    }

    /// The repository's own configuration, with this stack's addresses in it.
    private func withTools(_ stack: SystemStack, _ body: (Tools) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        func configuration(_ path: String) throws -> String {
            try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        }
        let recorder = try FreePorts.base()
        let (prometheus, alertmanager) = (recorder + 1, recorder + 2)
        var scrape = try configuration("Deploy/prometheus/prometheus.yml")
            .replacing("alertmanager:9093", with: "127.0.0.1:\(alertmanager)")
        for name in ServiceName.allCases {
            scrape = scrape.replacing(
                "\"\(name):\(name.defaultPort)\"", with: "\"127.0.0.1:\(try stack.port(name.rawValue))\"")
        }
        let rules = try configuration("Deploy/prometheus/rules.yml")
        try folder.write(rules, to: "rules.yml")
        let scrapeFile = try folder.write(scrape, to: "prometheus.yml")
        // To the console as in the repository, and to the recorder.
        let hook = "{ url: \"http://console:8080/api/alerts\", send_resolved: true }"
        let console = hook.replacing("console:8080", with: "127.0.0.1:\(try stack.port("console"))")
        let own = "{ url: \"http://127.0.0.1:\(recorder)/\", send_resolved: true }"
        let routes = try configuration("Deploy/alertmanager/alertmanager.yml")
        #expect(routes.contains(hook))
        let routesFile = try folder.write(
            routes.replacing(hook, with: "\(console), \(own)"), to: "alertmanager.yml")
        let output = try folder.write("", to: "output")
        func start(_ executable: String, _ arguments: [String]) throws -> ChildProcess {
            try ChildProcess(executable, arguments, output: output, errors: output)
        }
        let script = Self.root.appending(path: "Tests/Collector/recorder.py").path
        let processes = [
            try start("/usr/bin/env", ["python3", script, "\(recorder)"]),
            try start(
                "prometheus",
                [
                    "--config.file=\(scrapeFile)", "--storage.tsdb.path=\(folder.path)/prometheus",
                    "--web.listen-address=127.0.0.1:\(prometheus)",
                ]),
            try start(
                "prometheus-alertmanager",
                [
                    "--config.file=\(routesFile)", "--storage.path=\(folder.path)/alertmanager",
                    "--web.listen-address=127.0.0.1:\(alertmanager)", "--cluster.listen-address=",
                ]),
        ]
        defer { for process in processes { process.terminate() } }
        let tools = Tools(
            folder: folder, stack: stack, prometheus: prometheus, recorder: recorder, processes: processes)
        while (try? await tools.series("up == 1")) != ServiceName.allCases.count {
            let words = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            let areRunning = processes.allSatisfy(\.isRunning)
            try #require(areRunning, "\(words)")
            await Task.yield()
        }
        try await body(tools)
        for process in processes { process.terminate() }
        for process in processes { _ = await process.end() }
    }

    private static var missing: String? {
        ["prometheus", "prometheus-alertmanager"].first { tool in
            let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            return !folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
        }
    }

    @Test("payment's death reaches the webhook as a P1, and resolves; every query of the board has an answer")
    func alive() async throws {
        if let missing = Self.missing { return print("skipped: \(missing) is not installed") }
        try await withSystemStack { stack in
            try await withTools(stack) { tools in
                let folder = tools.folder.path
                let load = try ChildProcess(
                    Executables.folder.appending(path: "csp").path,
                    ["load", "--rate", "20", "--duration", "600s", "--data", stack.folder.path],
                    output: folder + "/load", errors: folder + "/load")
                defer { load.terminate() }
                try await stack.csp("kill", "payment")
                let clock = ContinuousClock()
                let killed = clock.now
                let alert = try await tools.notice("CriticalServiceDown", "firing")
                print("payment killed → webhook after \(killed.duration(to: clock.now))")
                #expect(alert.labels["service"] == "payment" && alert.labels["priority"] == "P1")
                try await stack.csp("start", "payment")
                let started = clock.now
                _ = try await tools.notice("CriticalServiceDown", "resolved")
                print("payment started → resolved after \(started.duration(to: clock.now))")
                try await self.oneIncident(stack)
                try await stack.csp("kill", "coupon")
                try await self.answers(tools)
                load.terminate()
                _ = await load.end()
            }
        }
    }

    private struct Incident: Decodable {
        struct Entry: Decodable { var kind: String }
        var cause: String
        var priority: String
        var status: String
        var timeline: [Entry]
    }

    /// What the console saw itself and what Alertmanager told it are one incident, also once it is over.
    private func oneIncident(_ stack: SystemStack) async throws {
        while true {
            let page: [String: [Incident]?] = try await stack.get("console", "/api/incidents")
            let incidents = (page["items"] ?? nil) ?? []
            #expect(incidents.allSatisfy { $0.cause == "payment" && $0.priority == "P1" })
            #expect(incidents.count <= 1)
            let alerts = incidents.flatMap(\.timeline).count { $0.kind == "alert" }
            if incidents.first?.status == "resolved", alerts >= 2 { return }
            await Task.yield()
        }
    }

    /// Every query of every board, while something is broken. Those of rates need a few scrapes.
    private func answers(_ tools: Tools) async throws {
        let boards = Self.root.appending(path: "Deploy/grafana/boards")
        for file in try FileManager.default.contentsOfDirectory(at: boards, includingPropertiesForKeys: nil) {
            let board = try JSON.decode(Board.self, from: Data(contentsOf: file))
            for panel in board.panels {
                for target in panel.targets ?? [] {
                    let query = target.expr.replacing("$__rate_interval", with: "30s")
                    while try await tools.series(query) == 0 { await Task.yield() }
                }
            }
        }
    }
}
