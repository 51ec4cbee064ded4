import Contracts
import Foundation
import TestSupport
import Testing

/// Every command that a runbook tells to check or to act by, on a stack with that fault.
@Suite("Runbooks", .timeLimit(.minutes(20)))
struct RunbookTests {
    private struct Case {
        /// How the fault is made, by `csp`.
        var fault: [[String]]
        /// For `SERVICE` and `NAME`.
        var service: String
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Those without a fault of their own concern numbers that take hours to reach: their commands have to
    /// work on any stack.
    private static func fault(of runbook: String) -> Case {
        switch runbook {
        case "ConsoleDown": Case(fault: [["kill", "console"]], service: "console")
        case "CriticalServiceDown", "PaymentsFallen", "OrderBudgetBurningFast":
            Case(fault: [["kill", "payment"]], service: "payment")
        case "OptionalServiceDown": Case(fault: [["freeze", "coupon"]], service: "coupon")
        case "CriticalBreakerOpen", "DependencyFailingMostly":
            Case(fault: [["breaker", "payment", "open"]], service: "payment")
        case "OptionalBreakerOpen", "FallbacksSurging":
            Case(fault: [["breaker", "coupon", "open"]], service: "coupon")
        case "DependencyFailing", "RetriesSurging":
            Case(
                fault: [["fault", "coupon", "error", "--percent", "50", "--expires", "60s"]],
                service: "coupon")
        case "DependencySlow":
            Case(
                fault: [["fault", "coupon", "latency", "--milliseconds", "150", "--expires", "60s"]],
                service: "coupon")
        default: Case(fault: [], service: "inventory")
        }
    }

    /// What is in backquotes and can be typed; what runs for long is asked for its help only.
    private static func commands(_ runbook: String) throws -> [String] {
        let text = try String(
            contentsOf: root.appending(path: "Docs/runbooks/\(runbook).md"), encoding: .utf8)
        let sections = text.components(separatedBy: "\n## ").filter {
            $0.hasPrefix("Check") || $0.hasPrefix("Act")
        }
        return sections.flatMap { $0.matches(of: /`([^`\n]+)`/).map { String($0.1) } }
            // An incident is there only some seconds after its fault.
            .filter { !$0.contains("INCIDENT-ID") }
            .filter { $0.hasPrefix("csp ") || $0.hasPrefix("curl ") || $0.hasPrefix("df") }
            .map { ["csp watch", "csp drill", "csp load"].contains($0) ? $0 + " --help" : $0 }
    }

    @Test("each of their commands works where the fault is")
    func commandsWork() async throws {
        let runbooks = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Docs/runbooks").path
        ).filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
        #expect(runbooks.count >= 20)
        try await withSystemStack(environment: ["FAULTS_ENABLED": "true"]) { stack in
            let request = OrderRequest(
                customerId: "reader", items: [ItemQuantity(sku: "P850102", quantity: 1)],
                payment: PaymentMeans(token: "tok_ok"))
            let placed = try await stack.place(request)
            let order = try JSON.decode(OrderDocument.self, from: placed.body)
            var ran = 0
            for runbook in runbooks {
                let example = Self.fault(of: runbook)
                for fault in example.fault { try await run(fault, on: stack) }
                // Customers meet it.
                if !example.fault.isEmpty { try await load(stack) }
                for command in try Self.commands(runbook) {
                    let words = try self.words(command, stack, example.service, order.id)
                    let outcome = try await shell(words, stack)
                    // It says 1 where a service isn't ready.
                    let isFine = outcome.status == 0 || (command == "csp status" && outcome.status == 1)
                    #expect(
                        isFine,
                        "\(runbook): \(command) → \(outcome.status)\n\(outcome.output)\(outcome.errors)")
                    ran += 1
                }
                try await mend(stack)
            }
            #expect(ran >= 30)
        }
    }

    /// However it ends: something is broken.
    private func load(_ stack: SystemStack) async throws {
        let arguments = ["load", "--rate", "30", "--duration", "2s", "--timeout", "3s"]
        _ = try await Executables.run("csp", arguments + ["--data", stack.folder.path])
    }

    private func run(_ arguments: [String], on stack: SystemStack) async throws {
        let outcome = try await Executables.run("csp", arguments + ["--data", stack.folder.path])
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
    }

    private func mend(_ stack: SystemStack) async throws {
        for name in ServiceName.allCases {
            for action in ["thaw", "start"] {
                _ = try await Executables.run("csp", [action, name.rawValue, "--data", stack.folder.path])
            }
            _ = try await Executables.run(
                "csp", ["fault", "clear", name.rawValue, "--data", stack.folder.path])
        }
        for name in ["payment", "coupon", "inventory"] {
            _ = try await Executables.run("csp", ["breaker", name, "auto", "--data", stack.folder.path])
        }
    }

    /// With this stack's ports, folder and ids.
    private func words(
        _ command: String, _ stack: SystemStack, _ service: String, _ order: String
    ) throws -> String {
        var words = command.replacing("SERVICE", with: service).replacing("NAME", with: service)
            .replacing("ORDER-ID", with: order)
        for name in ServiceName.allCases {
            words = words.replacing(
                "localhost:\(name.defaultPort)", with: "127.0.0.1:\(try stack.port(name.rawValue))")
        }
        return words
    }

    private func shell(_ words: String, _ stack: SystemStack) async throws -> Executables.Outcome {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/.csp", withDestinationPath: stack.folder.path)
        let tokens = try JSON.decode(
            [String: String].self, from: Data(contentsOf: URL(filePath: stack.folder.path + "/tokens.json")))
        let script = """
            cd '\(folder.path)' && export PATH='\(Executables.folder.path)':"$PATH" \
            ADMIN_TOKEN='\(tokens["adminToken"] ?? "")' && set -o pipefail && { \(words) ; } < /dev/null
            """
        return try await Executables.run("/bin/bash", ["-c", script])
    }
}
