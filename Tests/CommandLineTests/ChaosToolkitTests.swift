import Contracts
import Foundation
import Testing

@testable import CommandLine

/// `Scripts/verify-chaos-toolkit` checks with the tool itself that `chaos validate` accepts the files and
/// that `chaos run` finds what it should.
@Suite struct ChaosToolkitTests {
    private func file(_ targets: [String], _ kind: String) throws -> [String: Any] {
        let run = DrillReport.sample().runs[0]
        var experiment = run.experiments[0]
        (experiment.name, experiment.targets, experiment.kind) = ("tried", targets, kind)
        let file = try #require(ChaosToolkit(experiment, of: run, seed: 7))
        return try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(file)) as? [String: Any])
    }

    /// The commands of a section, without the stack's folder.
    private func commands(_ file: [String: Any], _ section: String) throws -> [String] {
        let activities = try #require(file[section] as? [[String: Any]])
        return try activities.map { activity in
            #expect(activity["type"] as? String == "action" && activity["name"] as? String != nil)
            let provider = try #require(activity["provider"] as? [String: Any])
            #expect(provider["type"] as? String == "process" && provider["path"] as? String == "csp")
            let arguments = try #require(provider["arguments"] as? [String])
            #expect(arguments.suffix(2) == ["--data", "${data}"])
            return arguments.dropLast(2).joined(separator: " ")
        }
    }

    @Test("the file has all that the format requires, and always rolls back")
    func structure() throws {
        let file = try file(["coupon"], "slow")
        for key in ["version", "title", "description"] { #expect((file[key] as? String)?.isEmpty == false) }
        #expect(file["tags"] as? [String] == ["csp", "coupon", "slow"])
        let configuration = try #require(file["configuration"] as? [String: [String: String]])
        #expect(configuration["data"] == ["type": "env", "key": "CSP_DATA", "default": ".csp"])
        #expect(configuration["order_url"]?["key"] == "ORDER_URL")
        #expect((file["runtime"] as? [String: [String: String]])?["rollbacks"] == ["strategy": "always"])
    }

    @Test(
        "each fault is injected and rolled back by an existing command",
        arguments: [
            ("killed", "kill coupon", "start coupon"), ("frozen", "freeze coupon", "thaw coupon"),
            (
                "slow", "fault coupon latency --milliseconds 2000 --expires 300s --seed 7",
                "fault clear coupon"
            ),
            (
                "errors", "fault coupon error --percent 50 --status 500 --expires 300s --seed 7",
                "fault clear coupon"
            ),
            ("garbage", "fault coupon garbage --expires 300s --seed 7", "fault clear coupon"),
            ("black-holed", "fault coupon black-hole --expires 300s --seed 7", "fault clear coupon"),
        ])
    func faults(kind: String, begin: String, end: String) throws {
        let file = try file(["coupon"], kind)
        #expect(try commands(file, "method") == [begin])
        #expect(try commands(file, "rollbacks") == [end])
        for command in [begin, end] { _ = try CSP.command(command.split(separator: " ").map(String.init)) }
    }

    @Test("every fault of the matrix has its file, an overload has none")
    func kinds() throws {
        for kind in DrillFault.allCases { _ = try file(["coupon"], kind.rawValue) }
        let run = DrillReport.sample().runs[0]
        var overload = run.experiments[0]
        (overload.targets, overload.kind) = ([], "overload")
        #expect(ChaosToolkit(overload, of: run, seed: 7) == nil)
    }

    @Test("with a critical dependency broken an order may be accepted; else it has to be confirmed")
    func hypothesis() throws {
        func pattern(_ targets: [String]) throws -> String {
            let hypothesis = try #require(
                file(targets, "frozen")["steady-state-hypothesis"] as? [String: Any])
            let probes = try #require(hypothesis["probes"] as? [[String: Any]])
            #expect(probes.count == 2 && probes[0]["tolerance"] as? Int == 200)
            return try #require((probes[1]["tolerance"] as? [String: String])?["pattern"])
        }
        #expect(try "\"status\":\"accepted\"".contains(Regex(pattern(["payment"]))))
        #expect(try "\"status\":\"confirmed\"".contains(Regex(pattern(["payment"]))))
        #expect(try !"\"status\":\"accepted\"".contains(Regex(pattern(["coupon", "notification"]))))
        #expect(try "\"status\" : \"confirmed\"".contains(Regex(pattern(["coupon", "notification"]))))
    }

    @Test("order itself is started again before the hypothesis is checked")
    func orderItself() throws {
        #expect(try commands(file(["order"], "killed"), "method") == ["kill order", "start order"])
    }
}
