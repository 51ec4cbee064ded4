import Resilience
import Testing

@testable import Runtime

@Suite("Faults by setting")
struct FaultSettingsTests {
    private func read(_ text: String, enabled: String? = "true") -> (faults: [Fault], problems: [String]) {
        var settings = Settings { ["COUPON_FAULTS": text, "FAULTS_ENABLED": enabled][$0] ?? nil }
        let faults = settings.faults("COUPON")
        return (faults, settings.problems)
    }

    @Test(
        "what PUT /faults takes is taken, or its array alone",
        arguments: [
            #"{"faults": [{"route": "POST /redemptions", "kind": "latency", "milliseconds": 5}]}"#,
            #" [{"route": "POST /redemptions", "kind": "latency", "milliseconds": 5}]"#,
        ])
    func read(text: String) {
        let (faults, problems) = read(text)
        #expect(faults == [Fault(.latency, route: "POST /redemptions", delay: .milliseconds(5))])
        #expect(problems.isEmpty)
    }

    @Test("none are set by default, and the setting is listed")
    func none() {
        var settings = Settings { _ in nil }
        #expect(settings.faults("COUPON").isEmpty && settings.problems.isEmpty)
        #expect(settings.known.map(\.key) == ["COUPON_FAULTS"])
    }

    @Test("without FAULTS_ENABLED the start is refused", arguments: [nil, "false", ""])
    func disabled(enabled: String?) {
        #expect(
            read(#"[{"kind": "abort"}]"#, enabled: enabled).problems == [
                "COUPON_FAULTS is set, but FAULTS_ENABLED isn't true"
            ])
    }

    @Test(
        "an invalid value is reported in one line, with its position",
        arguments: [
            ("abort", "it isn't JSON"), (#"[{"kind": "slow"}]"#, "/faults/0/kind must be one of"),
            (#"[{"kind": "abort", "route": "redemptions"}]"#, "/faults/0/route must be a method and a path"),
            (#"{"faults": [{}]}"#, "/faults/0/kind is required"),
        ])
    func malformed(text: String, problem: String) throws {
        let (faults, problems) = read(text)
        #expect(faults.isEmpty && problems.count == 1)
        #expect(try #require(problems.first).hasPrefix("COUPON_FAULTS is not valid: \(problem)"))
    }
}
