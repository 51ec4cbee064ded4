import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@testable import CommandLine
@testable import StackView

@Suite struct FaultCommandTests {
    @Test("csp fault SERVICE KIND works without a subcommand")
    func parsed() throws {
        let arguments = [
            "fault", "coupon", "latency", "--milliseconds", "2000", "--jitter", "200", "--when", "after",
            "--at-most", "5",
            "--route", "POST /redemptions", "--criticality", "sheddable", "--percent", "12.5", "--expires",
            "2m", "--seed",
            "18446744073709551615", "--add",
        ]
        let command = try #require(try CSP.command(arguments) as? FaultSetting)
        #expect(command.argument.service == .coupon && command.add)
        #expect(
            command.request
                == FaultRequest(
                    route: "POST /redemptions", criticality: "sheddable", kind: "latency", milliseconds: 2000,
                    jitterMilliseconds: 200, percent: 12.5, when: "after", expiresInSeconds: 120, seed: .max,
                    atMost: 5))
        #expect(try CSP.command(["fault", "clear"]) is FaultClear)
        #expect(try (CSP.command(["fault", "clear", "order"]) as? FaultClear)?.service == .order)
        #expect(try (CSP.command(["fault", "show", "--json"]) as? FaultShow)?.json == true)
        #expect(try (CSP.command(["fault", "show", "coupon"]) as? FaultShow)?.service == .coupon)
    }

    @Test("a number out of its range is reported with its option")
    func ranges() {
        #expect {
            try CSP.command([
                "fault", "coupon", "abort", "--expires", "0", "--at-most", "0", "--criticality", "vital",
            ])
        } throws: { error in
            let problem = CommandEnd(error, arguments: ["fault"]).problem ?? ""
            let wrong = ["--expires must be above 0", "--at-most must be", "--criticality must be one of"]
            return wrong.allSatisfy(problem.contains)
        }
    }

    @Test("a fault is described in one line")
    func words() {
        let fault = FaultRequest(
            route: "POST /redemptions", criticality: "sheddable", kind: "error", milliseconds: 20,
            jitterMilliseconds: 5,
            percent: 50, when: "after", expiresInSeconds: 60, seed: 1, status: 503, atMost: 4)
        let entry = FaultStatus.Entry(
            fault: fault, remainingSeconds: 57.2, considered: 7, injected: 3, running: 1)
        #expect(
            FaultStatus(faults: [entry]).lines(of: .coupon)
                == """
                coupon        error 503 20 ± 5 ms after POST /redemptions (sheddable), 50 %, 4 at once at \
                most, 58 s left: bit 3 of 7, has 1 now
                """)
        #expect(FaultStatus(faults: []).lines(of: .order) == "order         no fault")
    }

    @Test(
        "a service that takes no faults is reported in one line that says what to do",
        arguments: [
            (#"HTTP/1.1 404 No"#, "this stack takes no faults; start it with FAULTS_ENABLED=true csp up"),
            (#"HTTP/1.1 401 No"#, "coupon was started with another admin token than the one in tokens.json"),
            (#"HTTP/1.1 200 OK"#, "coupon answered 200, not as the contract says"),
        ])
    func answers(head: String, message: String) async throws {
        let problem = #"{"type":"t","title":"t","status":400,"detail":"d","instance":"/faults","code":"c"}"#
        let body = head.contains("200") ? "hello" : problem
        let server = try MisbehavingServer(
            behaviour: .answer("\(head)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"))
        defer { server.stop() }
        #expect(await failure(at: server.url) == message)
    }

    @Test("a service that is dead or frozen is not asked")
    func notAsked() async throws {
        let gone = await failure(at: "http://127.0.0.1:1", ProcessIdentity(pid: 0, startTime: 0))
        #expect(
            gone?.hasPrefix("coupon is dead") == true && gone?.contains("csp start coupon --data") == true)
    }

    private func failure(at url: String, _ process: ProcessIdentity? = ProcessIdentity(running: getpid()))
        async -> String?
    {
        do {
            let temporary = try TemporaryFolder()
            let folder = StackFolder(path: temporary.path)
            _ = try Tokens.establish(in: folder, environment: [:])
            let service = StackRecord.Service(
                name: .coupon, url: url, port: 1, process: try #require(process))
            _ = try await FaultClient(folder: folder, http: HTTPClient()).status(service)
            return nil
        } catch {
            return (error as? Failure)?.message ?? "\(error)"
        }
    }
}
