import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Processes", .timeLimit(.minutes(20)), .serialized)
struct ProcessTests {

    @Test(
        "a missing token and invalid values end a service with 78 and one line that names them all",
        arguments: ServiceName.allCases.map(\.rawValue))
    func configuration(service: String) async throws {
        let outcome = try await Executables.run(
            service, [], environment: ["SERVICE_TOKEN": "", "HTTP_PORT": "eighty", "LOG_LEVEL": "loud"])
        #expect(outcome.status == 78)
        #expect(outcome.errors.split(separator: "\n").count == 1)
        for key in ["SERVICE_TOKEN", "HTTP_PORT", "LOG_LEVEL"] { #expect(outcome.errors.contains(key)) }
    }

    @Test("a settings file that can't be read ends the start with 78, as does an unknown argument")
    func settingsFile() async throws {
        let missing = try await Executables.run("payment", ["--config", "/nonexistent.env"])
        #expect(missing.status == 78 && missing.errors.contains("/nonexistent.env"))
        #expect(try await Executables.run("payment", ["--nonsense"]).status == 78)
    }

    @Test("a misspelled setting in environment or file ends the start with 78 and a suggestion")
    func misspelled() async throws {
        let environment = try await Executables.run(
            "order", [], environment: ["SERVICE_TOKEN": "t", "COUPON_TIMOUT": "1s"])
        #expect(environment.status == 78)
        #expect(environment.errors == "order: COUPON_TIMOUT is no setting; did you mean COUPON_TIMEOUT?\n")
        let folder = try TemporaryFolder()
        let settings = try folder.write("SERVICE_TOKEN=t\nORDER_BUDGET=2s\nSTOCK_MARGINE=1\n", to: "settings")
        let file = try await Executables.run("payment", ["--config", settings])
        #expect(file.status == 78)
        let line = "payment: STOCK_MARGINE in the settings file is no setting; did you mean STOCK_MARGIN?\n"
        #expect(file.errors == line)
    }

    @Test("--help lists every setting with its default", arguments: ServiceName.allCases.map(\.rawValue))
    func help(service: String) async throws {
        let outcome = try await Executables.run(service, ["--help"])
        #expect(outcome.status == 0)
        for key in ["HTTP_PORT", "DATA_DIR", "SERVICE_TOKEN", "ADMIN_TOKEN", "LOG_FORMAT"] {
            #expect(outcome.output.contains(key))
        }
    }

    @Test("a taken port and a locked store end the start with 1 and one line")
    func conflicts() async throws {
        try await withSystemStack { stack in
            let environment = [
                "SERVICE_TOKEN": "t", "HTTP_PORT": "\(stack.base + 2)",
                "DATA_DIR": stack.folder.path + "/elsewhere",
                "LOG_LEVEL": "critical",
            ]
            let port = try await Executables.run("payment", [], environment: environment)
            #expect(port.status == 1 && port.errors.contains("\(stack.base + 2)"))
            #expect(port.errors.split(separator: "\n").count == 1)
            var locked = environment
            locked["HTTP_PORT"] = "0"
            locked["DATA_DIR"] = stack.folder.path + "/payment"
            let store = try await Executables.run("payment", [], environment: locked)
            #expect(store.status == 1 && store.errors.contains("in use by another process"))
        }
    }

    @Test("SIGTERM ends every service with 0 within its time, and acknowledged orders remain")
    func termination() async throws {
        try await withSystemStack { stack in
            let items = [ItemQuantity(sku: "P850102", quantity: 1)]
            let order = OrderRequest(customerId: "H1", items: items, payment: PaymentMeans(token: "tok_ok"))
            let placed = try JSON.decode(OrderDocument.self, from: try await stack.place(order).body)
            try await stack.csp("down")
            let again = try await stack.csp("up", "--detach", "--ports", "\(stack.base)")
            #expect(again.status == 0)
            let kept: OrderDocument = try await stack.get("order", "/orders/\(placed.id)")
            #expect(kept.status == .confirmed)
            try await stack.csp("audit")
        }
    }

    @Test("a second `up` on the same folder, and a port that is taken, are refused in one line")
    func secondUp() async throws {
        try await withSystemStack { stack in
            let second = try await stack.csp(
                "up", "--detach", "--ports", "\(try FreePorts.base())", expecting: 1)
            #expect(second.errors.split(separator: "\n").count == 1 && second.errors.contains("running"))
            let elsewhere = try TemporaryFolder()
            let taken = try await Executables.run(
                "csp", ["up", "--detach", "--data", elsewhere.path, "--ports", "\(stack.base)"])
            #expect(taken.status == 1 && taken.errors.contains("\(stack.base + 1)"))
            #expect(taken.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("status distinguishes dead, frozen and ready, and its exit code says whether all are ready")
    func status() async throws {
        try await withSystemStack { stack in
            try await stack.csp("status")
            try await stack.csp("kill", "coupon")
            try await stack.csp("freeze", "notification")
            let outcome = try await stack.csp("status", "--json", expecting: 1)
            #expect(outcome.output.contains("\"dead\"") && outcome.output.contains("\"frozen\""))
            #expect(try await stack.csp("thaw", "notification").output.contains("goes on"))
            #expect(try await stack.csp("thaw", "notification").output.contains("is not frozen"))
            try await stack.csp("start", "coupon")
            try await stack.csp("status")
            try await stack.csp("kill", "unknown", expecting: 2)
        }
    }

    @Test("a load against a stopped stack ends at once, with 1 and one line")
    func loadOfNothing() async throws {
        try await withSystemStack { stack in
            try await stack.csp("down")
            let outcome = try await stack.csp("load", "--duration", "10s", expecting: 1)
            #expect(outcome.output.isEmpty && outcome.errors.split(separator: "\n").count == 1)
            #expect(outcome.errors.contains("order isn't there") && outcome.errors.contains("csp up"))
        }
    }

    @Test("an interrupted load prints its figures so far, and ends with 1")
    func interruptedLoad() async throws {
        try await withSystemStack { stack in
            let scratch = try TemporaryFolder()
            let output = try scratch.write("", to: "out")
            let load = try ChildProcess(
                Executables.folder.appending(path: "csp").path,
                ["load", "--json", "--duration", "1h", "--data", stack.folder.path], output: output)
            while try await stack.get("order", "/orders?limit=1", as: Page<OrderDocument>.self).items.isEmpty
            {}
            kill(load.pid, SIGINT)
            #expect(await load.end() == 1)
            let report = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: output)))
            let figures = try #require(report as? [String: Any])
            #expect(figures["interrupted"] as? Bool == true && (figures["sent"] as? Int ?? 0) > 0)
            #expect(figures["rate"] as? Double == 50 && figures["ordersPerSecond"] is Double)
        }
    }
}
