import Contracts
import Foundation
import TestSupport
import Testing

@testable import CommandLine
@testable import StackView

@Suite struct StackTests {
    private func record(_ process: ProcessIdentity) -> StackRecord {
        StackRecord(
            instance: "i", basePort: 9000, host: "127.0.0.1", seedFolder: "/seed", stopping: false,
            environment: ["A": "b=c"],
            services: ServiceName.allCases.map {
                .init(
                    name: $0, url: "http://127.0.0.1:\(9000 + $0.portOffset)", port: 9000 + $0.portOffset,
                    process: process)
            })
    }

    @Test("stack.json is read back as written, and only its owner may read it")
    func roundTrip() throws {
        let temporary = try TemporaryFolder()
        let folder = StackFolder(path: temporary.path)
        #expect(try folder.recordIfAny() == nil)
        let record = record(ProcessIdentity(pid: 1, startTime: 2))
        try folder.write(record)
        #expect(try folder.record() == record)
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == ["stack.json"])
        let mode =
            try FileManager.default.attributesOfItem(atPath: "\(temporary.path)/stack.json")[
                .posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("a folder without a stack and an invalid record are reported in one line")
    func noStack() throws {
        let temporary = try TemporaryFolder()
        let folder = StackFolder(path: temporary.path)
        #expect { try folder.record() } throws: { ($0 as? Failure)?.message.hasPrefix("no stack on") == true }
        try temporary.write("{", to: "stack.json")
        #expect { try folder.record() } throws: {
            ($0 as? Failure)?.message.contains("isn't the record") == true
        }
    }

    @Test("without a record the services are those that the environment names, and no signal reaches them")
    func elsewhere() throws {
        let temporary = try TemporaryFolder()
        let folder = StackFolder(path: temporary.path)
        let names = ServiceName.allCases
        var environment = Dictionary(
            uniqueKeysWithValues: names.map { ($0.urlKey, "http://\($0.rawValue):\(8080 + $0.portOffset)") })
        let found = try folder.reachable(environment)
        #expect(found.services.map(\.name) == names)
        #expect(found[.coupon]?.url == "http://coupon:8083")
        #expect(found.services.allSatisfy { $0.process.isAlive })
        // Pid 0 is this process's own group: it goes on.
        found[.coupon]?.process.send(SIGKILL)
        #expect(throws: Failure.self) { try folder.record() }
        environment["CONSOLE_URL"] = nil
        #expect(try folder.reachable(environment).services.map(\.name) == names.filter { $0 != .console })
        environment["COUPON_URL"] = nil
        #expect(throws: Failure.self) { try folder.reachable(environment) }
        let record = record(ProcessIdentity(pid: 1, startTime: 2))
        try folder.write(record)
        #expect(try folder.reachable(environment) == record)
    }

    @Test("a pid with another start time is not ours")
    func reusedPid() throws {
        let own = try #require(ProcessIdentity(running: getpid()))
        #expect(own.activity == .running)
        #expect(ProcessIdentity(pid: own.pid, startTime: own.startTime + 1).activity == .gone)
        #expect(ProcessIdentity(pid: 0, startTime: 0).activity == .gone)
    }

    @Test("a process is parsed from /proc whatever the name of its program")
    func statLine() {
        let fields = "S 1 2 3 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 98765 0"
        let stat = ProcessIdentity.parse(stat: "42 (a ) b) \(fields)")
        #expect(stat?.state == "S")
        #expect(stat?.startTime == 98765)
        #expect(ProcessIdentity.parse(stat: "42 (a") == nil)
        #expect(ProcessIdentity.parse(stat: "42 (a) S 1") == nil)
    }

    @Test("a child has its own session and only the given environment, and its end is reported")
    func child() async throws {
        let temporary = try TemporaryFolder()
        let script = try temporary.write("#!/bin/sh\necho \"got $WORD\"\nexec /bin/sleep 60\n", to: "child")
        chmod(script, 0o755)
        let log = "\(temporary.path)/log"
        let process = try startProcess(executable: script, environment: ["WORD": "it"], log: log)
        #expect(getsid(process.pid) == process.pid)
        process.send(SIGSTOP)
        #expect(await process.waitUntil { $0 == .stopped })
        process.send(SIGCONT)
        #expect(await process.waitUntil { $0 == .running })
        process.send(SIGKILL)
        #expect(await process.waitUntil { $0 == .gone })
        #expect(ending(ofChild: process.pid) == "killed by signal 9")
    }

    @Test("a state follows from the process and the answer of its /readyz")
    func states() {
        #expect(ServiceState(.gone, (200, "")) == .dead)
        #expect(ServiceState(.stopped, nil) == .frozen)
        #expect(ServiceState(.running, (200, "{}")) == .ready)
        #expect(ServiceState(.running, (503, #"{"code":"draining"}"#)) == .draining)
        #expect(ServiceState(.running, (503, #"{"code":"starting"}"#)) == .starting)
        #expect(ServiceState(.running, nil) == .starting)
    }

    @Test("a command that waits for the lock times out, and succeeds once the lock is free")
    func lock() throws {
        let temporary = try TemporaryFolder()
        let folder = StackFolder(path: temporary.path)
        let refusal = try folder.locked {
            #expect(throws: Failure.self) { try folder.locked(within: .milliseconds(1)) {} }
        }
        #expect(refusal?.message.contains("stack.lock") == true)
        #expect(try folder.locked(within: .milliseconds(1)) { 1 } == 1)
    }

    @Test("tokens come from the environment, else from the file, else are generated; they are stored")
    func tokens() throws {
        let temporary = try TemporaryFolder()
        let folder = StackFolder(path: temporary.path)
        let first = try Tokens.establish(in: folder, environment: [:])
        #expect(
            first.adminToken.count == 64 && first.serviceToken.count == 64
                && first.adminToken != first.serviceToken)
        #expect(try Tokens.establish(in: folder, environment: ["SERVICE_TOKEN": ""]) == first)
        let given = try Tokens.establish(in: folder, environment: ["SERVICE_TOKEN": "secret"])
        #expect(given == Tokens(adminToken: first.adminToken, serviceToken: "secret"))
        #expect(try Tokens.read(from: folder) == given)
        let mode =
            try FileManager.default.attributesOfItem(atPath: "\(temporary.path)/tokens.json")[
                .posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test(
        "a command takes its token from the stack, in a container from the setting, and says what is missing")
    func knownToken() throws {
        let temporary = try TemporaryFolder()
        let folder = StackFolder(path: temporary.path)
        let kept = try Tokens.establish(in: folder, environment: [:])
        func admin(_ folder: StackFolder, _ environment: [String: String]) throws -> String {
            try Tokens.known(\.adminToken, "ADMIN_TOKEN", in: folder, environment: environment)
        }
        #expect(try admin(folder, ["ADMIN_TOKEN": "other"]) == kept.adminToken)
        let container = StackFolder(path: "\(temporary.path)/none")
        #expect(try admin(container, ["ADMIN_TOKEN": "a"]) == "a")
        #expect(
            try Tokens.known(
                \.serviceToken, "SERVICE_TOKEN", in: container, environment: ["SERVICE_TOKEN": "s"]) == "s")
        for environment in [[:], ["ADMIN_TOKEN": "", "SERVICE_TOKEN": "s"]] {
            let failure = #expect(throws: Failure.self) { try admin(container, environment) }
            #expect(failure?.message.contains("ADMIN_TOKEN isn't set") == true)
        }
    }

    @Test("a service gets up's environment, its own settings and all URLs; the record has no secret")
    func environment() {
        var record = record(ProcessIdentity(pid: 0, startTime: 0))
        record.environment = StackRecord.kept([
            "LOG_LEVEL": "debug", "HTTP_PORT": "1", "SERVICE_TOKEN": "s", "ADMIN_TOKEN": "a",
        ])
        #expect(record.environment == ["LOG_LEVEL": "debug", "HTTP_PORT": "1"])
        let tokens = Tokens(adminToken: "admin", serviceToken: "service")
        let values = record.environment(of: .coupon, in: StackFolder(path: "/d"), tokens: tokens)
        #expect(values["LOG_LEVEL"] == "debug")
        #expect(values["HTTP_PORT"] == "9003")
        #expect(values["DATA_DIR"] == "/d/coupon")
        #expect(values["SEED_DIR"] == "/seed")
        #expect(values["SERVICE_TOKEN"] == "service" && values["ADMIN_TOKEN"] == "admin")
        #expect(
            values["ORDER_URL"] == "http://127.0.0.1:9001"
                && values["NOTIFICATION_URL"] == "http://127.0.0.1:9005")
    }

    @Test("a port with a listener is taken")
    func ports() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(descriptor, $0, length) == 0)
                #expect(listen(descriptor, 1) == 0)
                #expect(getsockname(descriptor, $0, &length) == 0)
            }
        }
        #expect(PortCheck.check(host: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port))) == .taken)
        #expect(PortCheck.check(host: "127.0.0.1", port: 0) == .free)
        if case .refused = PortCheck.check(host: "192.0.2.1", port: 0) {
        } else {
            Issue.record("a foreign address was not refused")
        }
    }

    @Test("a death is reported once, and not while the stack is being stopped")
    func deaths() throws {
        let folder = StackFolder(path: "/nowhere")
        let own = try #require(ProcessIdentity(running: getpid()))
        var record = record(own)
        var watch = Watch(folder: folder, record: record)
        #expect(watch.changes(record).isEmpty)
        let dead = ProcessIdentity(pid: own.pid, startTime: own.startTime + 1)
        record[.coupon]?.process = dead
        var second = Watch(folder: folder, record: record)
        let lines = second.changes(record)
        #expect(lines.count == 1 && lines[0].contains("coupon (pid \(dead.pid)) died"))
        #expect(second.changes(record).isEmpty)
        record[.coupon]?.process = own
        #expect(second.changes(record) == ["coupon is back (pid \(own.pid))"])
        record.stopping = true
        record[.coupon]?.process = dead
        var third = Watch(folder: folder, record: record)
        #expect(third.changes(record).isEmpty)
    }
}
