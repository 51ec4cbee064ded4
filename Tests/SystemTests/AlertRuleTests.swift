import Foundation
import Resilience
import ServingPath
import TestSupport
import Testing

@testable import OrderService

/// `Deploy/prometheus` and `Deploy/alertmanager`.
@Suite("Alerts", .timeLimit(.minutes(10)))
struct AlertRuleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Each alert's lines, by name.
    private static func alerts() throws -> [String: String] {
        let blocks = try text("Deploy/prometheus/rules.yml").split(separator: "      - ")
        let alerts = blocks.filter { $0.hasPrefix("alert: ") }
        return Dictionary(
            uniqueKeysWithValues: alerts.map { block in
                (String(block.dropFirst(7).prefix { $0 != "\n" }), String(block))
            })
    }

    @Test("each has a priority, a summary and a runbook, and each runbook an alert")
    func runbooks() throws {
        let alerts = try Self.alerts()
        for (name, alert) in alerts {
            #expect(alert.contains("priority: P"), "\(name)")
            #expect(alert.contains("summary: "), "\(name)")
            #expect(alert.contains("runbook_url: Docs/runbooks/\(name).md"), "\(name)")
        }
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Docs/runbooks").path)
        #expect(Set(files) == Set(alerts.keys.map { "\($0).md" }))
        let cases =
            try Self.text("Deploy/prometheus/rules.test.yml")
            + Self.text("Deploy/prometheus/rules-slow.test.yml")
        for name in alerts.keys {
            #expect(cases.contains("name: \(name) fires") && cases.contains("name: \(name) does not fire"))
        }
    }

    @Test("the thresholds are those of the code: four fifths of each timeout, four times the reserve")
    func thresholds() throws {
        let alerts = try Self.alerts()
        let slow = try #require(alerts["DependencySlow"])
        let limits = [
            ("coupon", CouponClient.protection.timeout), ("inventory", InventoryClient.protection.timeout),
            ("payment", PaymentClient.protection.timeout),
            ("notification", NotificationClient.protection.queueTimeout),
        ]
        for (dependency, timeout) in limits {
            let line = try #require(slow.split(separator: "\n").first { $0.contains("\"\(dependency)\"") })
            let threshold = line.split(separator: " ").last.flatMap { Double($0) }
            #expect(
                threshold.map { ($0 * 1000).rounded() } == (800 * (timeout / .seconds(1))).rounded(),
                "\(dependency)")
        }
        #expect(alerts["StorageNearlyFull"]?.contains("< \(4 * (64 << 20))\n") == true)
    }

    private static let checks = [
        ["promtool", "check", "config", "Deploy/prometheus/prometheus.yml"],
        ["promtool", "test", "rules", "Deploy/prometheus/rules.test.yml"],
        ["promtool", "test", "rules", "Deploy/prometheus/rules-slow.test.yml"],
        ["amtool", "check-config", "Deploy/alertmanager/alertmanager.yml"],
    ]

    @Test(
        "promtool and amtool find nothing, and each alert fires when it has to and only then",
        arguments: checks)
    func tools(command: [String]) async throws {
        let scratch = try TemporaryFolder()
        let output = try scratch.write("", to: "output")
        let process = try ChildProcess(
            "/bin/sh", ["-c", "cd \(Self.root.path) && exec \(command.joined(separator: " "))"],
            output: output,
            errors: output)
        let status = await process.end()
        guard status != 127 else { return print("skipped: there is no \(command[0])") }
        let found = try String(contentsOfFile: output, encoding: .utf8)
        #expect(status == 0, "\(found)")
    }

    @Test("promtool finds nothing wrong with the metrics of any service")
    func metrics() async throws {
        try await withSystemStack { stack in
            for service in ["order", "payment", "coupon", "inventory", "notification", "console"] {
                let scratch = try TemporaryFolder()
                let output = try scratch.write("", to: "output")
                let script =
                    "curl -sf \(try stack.url(service))/metrics > page && exec promtool check metrics < page"
                let process = try ChildProcess(
                    "/bin/sh", ["-c", "cd \(scratch.path) && \(script)"], output: output, errors: output)
                let status = await process.end()
                guard status != 127 else { return print("skipped: there is no promtool") }
                let found = try String(contentsOfFile: output, encoding: .utf8)
                #expect(status == 0 && found.isEmpty, "\(service): \(found)")
            }
        }
    }
}
