import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@testable import CommandLine

/// Serialized: each has a whole stack under load.
@Suite("The drill, with real processes", .timeLimit(.minutes(20)), .serialized)
struct DrillTests {
    private func drill(_ arguments: String..., expecting status: Int32?) async throws -> DrillReport {
        let folder = try TemporaryFolder()
        let outcome = try await Executables.run(
            "csp", ["drill", "--report", folder.path, "--seed", "1"] + arguments)
        #expect(status == nil || outcome.status == status, "\(outcome.output)\n\(outcome.errors)")
        let text = try Data(contentsOf: URL(filePath: "\(folder.path)/report.json"))
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/report.html"))
        return try JSON.decode(DrillReport.self, from: text)
    }

    /// The longest timeouts that the drill accepts, so that the stack is healthy before the fault on a slow
    /// machine too.
    private static let generousTimeouts = Dictionary(
        uniqueKeysWithValues: ["INVENTORY", "COUPON", "PAYMENT"].flatMap { dependency in
            ["TIMEOUT", "ATTEMPT_TIMEOUT", "BREAKER_SLOW_CALL"].map { ("\(dependency)_\($0)", "1s") }
        } + [("ORDER_BUDGET", "20s"), ("COUPON_LONGEST_WAIT", "1s"), ("INVENTORY_LONGEST_WAIT", "1s")])

    /// One experiment on a stack with one protection broken: the drill's outcome and its observations.
    private func experiment(
        _ experiment: String, environment: [String: String] = [:],
        breaking: (SystemStack) async throws -> Void = { _ in }
    ) async throws -> DrillExperiment {
        var found: DrillExperiment?
        var settings = Self.generousTimeouts.merging(environment) { $1 }
        settings["FAULTS_ENABLED"] = "true"
        try await withSystemStack(environment: settings) { stack in
            try await breaking(stack)
            let report = try await drill(
                "--data", stack.folder.path, "--only", experiment, "--stretch", "4s", "--rate", "10",
                expecting: 1)
            #expect(!report.ok)
            let experiment = try #require(report.runs.first?.experiments.first)
            #expect(experiment.outcome == .failed, "\(experiment.failures)")
            found = experiment
            try await stack.csp("status")
        }
        return try #require(found)
    }

    /// Failures about time are ignored in a debug build, and checked in release by `make drill`. All others
    /// count here too.
    private func isAboutTime(_ failure: String) -> Bool {
        [
            "undecided: other processes", "p50 ", "p99 ", "it took ", "not settled", "normal again after",
            "customers felt",
        ]
        .contains { failure.hasPrefix($0) }
    }

    @Test("the quick drill holds on this build, and leaves nothing behind")
    func quick() async throws {
        let elsewhere = try TemporaryFolder()
        let before = try leftovers()
        // Few orders a second, so that a debug build on a slow machine is healthy.
        let report = try await drill(
            "--quick", "--rate", "20", "--stretch", "5s", "--data", elsewhere.path, expecting: nil)
        #expect(report.extent == .quick)
        let run = try #require(report.runs.first)
        #expect(
            Set(run.experiments.map(\.kind))
                == Set(DrillFault.allCases.map(\.rawValue) + ["operation", "brownout"]))
        for experiment in run.experiments {
            // Beside other processes a slow experiment is undecided.
            #expect(
                experiment.outcome != .undecided || experiment.otherProcesses > OtherProcesses.limit,
                "\(experiment.name): \(experiment.failures)")
            #expect(experiment.failures.filter { !isAboutTime($0) } == [], "\(experiment.name)")
            #expect(experiment.proof.count == experiment.targets.count)
            #expect(experiment.audit?.ok == true)
            #expect(experiment.broken.outcomes.sent > 0 && !experiment.timeline.isEmpty)
        }
        let steps = try #require(run.overload).steps
        #expect(steps.count == 1 && run.overload?.audit?.ok == true)
        #expect(steps.flatMap(\.failures).filter { !isAboutTime($0) } == [])
        #expect(try leftovers() == before)
    }

    /// Folders of the drill's own stacks.
    private func leftovers() throws -> Set<String> {
        Set(
            try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory()).filter {
                $0.hasPrefix("csp-drill-")
            })
    }

    @Test("on a stack without faults enabled it says how to start one")
    func refused() async throws {
        try await withSystemStack { stack in
            let outcome = try await stack.csp("drill", "--only", "coupon-killed", expecting: 1)
            #expect(outcome.errors.contains("FAULTS_ENABLED=true csp up"))
            #expect(outcome.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("an unknown experiment is wrong usage, and --list names the existing ones")
    func unknown() async throws {
        try await withSystemStack(environment: ["FAULTS_ENABLED": "true"]) { stack in
            let outcome = try await stack.csp("drill", "--only", "warp-core", expecting: 2)
            #expect(outcome.errors.contains("warp-core") && outcome.errors.contains("--list"))
            let list = try await stack.csp("drill", "--list").output.split(separator: "\n")
            #expect(list.contains("payment-black-holed") && list.contains("coupon+notification-frozen"))
            #expect(
                list.contains("operation-inventory-product-500")
                    && list.contains("traffic-payment-sheddable-503"))
        }
    }

    /// A drill that gets a signal while coupon is frozen.
    private func drill(_ stack: SystemStack, endedBy signal: Int32) async throws -> Executables.Outcome {
        async let drilling = stack.csp(
            "drill", "--only", "coupon-frozen", "--stretch", "4s", "--rate", "10", expecting: nil)
        var pid: Int32?
        while pid == nil { pid = try await ownChild(of: "coupon-frozen") }
        while try await !stack.csp("status", "--json", expecting: nil).output.contains("frozen") {}
        if let pid { kill(pid, signal) }
        return try await drilling
    }

    @Test("an interrupted drill rolls back its fault, and ends with 1")
    func interrupted() async throws {
        try await withSystemStack(
            environment: Self.generousTimeouts.merging(["FAULTS_ENABLED": "true"]) { $1 }
        ) { stack in
            let outcome = try await drill(stack, endedBy: SIGINT)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("interrupted; everything was rolled back"))
            try await stack.csp("status")
        }
    }

    @Test("after a killed drill the next command rolls back its fault")
    func killed() async throws {
        try await withSystemStack(
            environment: Self.generousTimeouts.merging(["FAULTS_ENABLED": "true"]) { $1 }
        ) { stack in
            _ = try await drill(stack, endedBy: SIGKILL)
            let next = try await stack.csp("status")
            #expect(next.errors.contains("a drill was killed here") && !next.output.contains("frozen"))
            #expect(try await stack.csp("status").errors.isEmpty)
        }
    }

    /// The pid of the drill that was started with this argument.
    private func ownChild(of argument: String) async throws -> Int32? {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let pid = Int32(name),
                let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else {
                continue
            }
            let words = String(decoding: line, as: UTF8.self).split(separator: "\0")
            let parent = FileManager.default.contents(atPath: "/proc/\(name)/stat").map {
                String(decoding: $0, as: UTF8.self)
            }
            let isOwn =
                parent?.split(separator: ")").last?.split(separator: " ").dropFirst().first == "\(getpid())"
            if isOwn, words.dropFirst().first == "drill", words.contains(Substring(argument)) { return pid }
        }
        return nil
    }

    @Test("a breaker that is off is found")
    func breakerOff() async throws {
        let found = try await experiment("coupon-frozen") { stack in
            try await forceClosed("coupon", stack)
        }
        #expect(found.failures.contains { $0.contains("the breaker of coupon is off") })
        // The effect on customers depends on the machine; that the breaker never opened doesn't.
        #expect(!found.events.contains { $0.what.contains("breaker of coupon") })
    }

    private func forceClosed(_ dependency: String, _ stack: SystemStack) async throws {
        var request = HTTPClient.Request(
            method: "PATCH", url: try stack.url("order") + "/csp/dependencies/\(dependency)",
            connectTimeout: .seconds(5),
            timeout: .seconds(5))
        let token = try Tokens.read(from: StackFolder(path: stack.folder.path)).adminToken
        request.headers = [("Content-Type", "application/json"), ("Authorization", "Bearer \(token)")]
        request.body = Array(#"{"control":"forced-closed"}"#.utf8)
        #expect(try await stack.client.send(request).status == 200)
    }

    @Test("a fallback that is off is found")
    func fallbackOff() async throws {
        let found = try await experiment(
            "inventory-killed", environment: ["CATALOGUE_MAX_AGE": "1s", "CATALOGUE_REFRESH": "24h"])
        #expect(
            found.failures.contains {
                $0.contains("orders were turned away") && $0.contains("price-unavailable")
            })
    }

    @Test("a deadline that is ignored is found")
    func deadlineIgnored() async throws {
        let found = try await experiment(
            "payment-black-holed",
            environment: ["ORDER_BUDGET": "30s", "PAYMENT_TIMEOUT": "30s", "PAYMENT_ATTEMPT_TIMEOUT": "30s"])
        #expect(found.failures.contains { $0.contains("the deadline is ignored") })
        #expect(found.failures.contains { $0.hasPrefix("p99 during the fault") })
    }

    @Test("a bulkhead that is off is found")
    func bulkheadOff() async throws {
        let found = try await experiment("coupon-killed", environment: ["COUPON_CONCURRENCY": "10000"])
        #expect(found.failures.contains { $0.contains("the bulkhead of coupon is off") })
    }
}
