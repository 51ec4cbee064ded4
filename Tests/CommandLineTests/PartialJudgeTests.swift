import Contracts
import Testing

@testable import CommandLine

@Suite struct PartialJudgeTests {
    private func failures(
        _ expectation: PartialFault.Expectation, _ group: PartialFault.Group = .operation,
        _ change: @escaping (inout Sample) -> Void = { _ in }
    ) -> [String] {
        SamplePartial.failures(SamplePartial.fault(expectation, group), SampleDrill.observation(change))
    }

    private func skip(_ sample: inout Sample) { sample.degradations = [SampleDrill.skipped()] }

    @Test("undegraded orders hold")
    func held() {
        #expect(failures(.undegraded).isEmpty)
        let one = DrillExperiment(
            Experiment(disruption: .partial(SamplePartial.fault(.undegraded))), SampleDrill.observation(),
            rate: 50,
            durationSeconds: 20)
        #expect(one.outcome == .held && one.kind == "operation" && one.targets == ["coupon"])
    }

    @Test("a single accepted or degraded order fails if the fault must be invisible")
    func noticed() {
        let accepted = failures(.undegraded) {
            if $0.at == 10 { ($0.outcome, $0.answer) = (.accepted, "202 accepted") }
        }
        #expect(accepted == ["orders were not confirmed as usual: 1 × 202 accepted of 800"])
        let degraded = failures(.undegraded) { if $0.at == 10 { skip(&$0) } }
        #expect(
            degraded == [
                "orders were not confirmed as usual: 1 × 201 confirmed of 800: coupon-skipped (circuit-open)"
            ])
        // After the fault too: a breaker that quotes opened may outlast it.
        #expect(!failures(.undegraded) { if $0.at == 20 { skip(&$0) } }.isEmpty)
    }

    @Test(
        "an answer outside the contract, or an order turned away, fails whatever is broken",
        arguments: [
            PartialFault.Expectation.undegraded, .confirmedWithout("coupon", isTotal: false),
            .accepted(isTotal: false),
        ])
    func failed(expectation: PartialFault.Expectation) {
        #expect(
            failures(expectation) { if $0.at == 10 { ($0.outcome, $0.answer) = (.failed, "500 internal") } }
                == ["1 × 500 internal of 800 orders"])
        #expect(
            failures(expectation) {
                if $0.at == 10 { ($0.outcome, $0.answer) = (.turnedAway, "503 overloaded") }
            }
                == ["orders were turned away: 1 × 503 overloaded of 800"])
    }

    @Test("a high p99 fails at once if the fault must be invisible, else from 3 s after it")
    func slow() {
        func slow(_ expectation: PartialFault.Expectation, _ group: PartialFault.Group = .operation)
            -> [String]
        {
            failures(expectation, group) { if (8..<8.2).contains($0.at) { $0.latency = 200 } }
        }
        #expect(
            slow(.undegraded) == [
                "p99 during the fault was 200.0 ms of 400 orders, more than 30.0 ms (healthy: 10.0 ms)"
            ])
        #expect(slow(.accepted(isTotal: false)).isEmpty)
        let later = failures(.accepted(isTotal: false)) {
            if (12..<12.2).contains($0.at) { $0.latency = 200 }
        }
        #expect(later.first?.hasPrefix("p99 from 3 s after the fault was 200.0 ms of 250 orders") == true)
    }

    @Test("in a brownout orders may take until the deadline, and no longer")
    func brownout() {
        func late(_ latency: Double) -> [String] {
            failures(.accepted(isTotal: false), .brownout) { if $0.isBroken { $0.latency = latency } }
        }
        #expect(late(1050).isEmpty)
        #expect(late(1051).first?.hasPrefix("p99 during the fault was 1051.0 ms") == true)
    }

    @Test("with an optional operation broken every order is confirmed, without that dependency at most")
    func optional() {
        let expectation = PartialFault.Expectation.confirmedWithout("coupon", isTotal: true)
        let without = { (sample: inout Sample) in
            sample.hasCoupon = true
            if sample.isBroken { skip(&sample) }
        }
        #expect(failures(expectation, change(without)).isEmpty)
        let silent = failures(expectation, change(without) { if $0.at == 10 { $0.degradations = [] } })
        #expect(silent == ["coupon gave nothing, yet 1 × 201 confirmed without saying so"])
        let accepted = failures(
            expectation,
            change(without) { if $0.at == 10 { ($0.outcome, $0.answer) = (.accepted, "202 accepted") } })
        #expect(accepted.first?.hasPrefix("orders were not confirmed: 1 × 202 accepted of 800") == true)
        let other = failures(
            expectation,
            change(without) { if $0.at == 10 { $0.degradations.append(SampleDrill.skipped("payment")) } })
        #expect(
            other.first?.hasPrefix("orders were degraded, and not for want of coupon: 1 × 201 confirmed")
                == true)
    }

    private func failures(_ expectation: PartialFault.Expectation, _ change: @escaping (inout Sample) -> Void)
        -> [String]
    {
        failures(expectation, .operation, change)
    }

    private func change(
        _ first: @escaping (inout Sample) -> Void, _ second: @escaping (inout Sample) -> Void = { _ in }
    ) -> (inout Sample) -> Void {
        { sample in
            first(&sample)
            second(&sample)
        }
    }

    @Test("with a critical operation broken orders are accepted, and an undegraded one fails")
    func critical() {
        func failures(_ change: @escaping (inout Sample) -> Void) -> [String] {
            SamplePartial.failures(
                SamplePartial.fault(.accepted(isTotal: true), .operation, "payment"),
                SampleDrill.observation { sample in
                    if sample.isBroken {
                        (sample.outcome, sample.answer) = (.accepted, "202 accepted")
                        sample.degradations = [SampleDrill.skipped("payment")]
                    }
                    change(&sample)
                })
        }
        #expect(failures { _ in }.isEmpty)
        let confirmed = failures {
            if $0.at == 10 { ($0.outcome, $0.answer, $0.degradations) = (.confirmed, "201", []) }
        }
        #expect(confirmed == ["payment gave nothing, yet 1 × 201 without saying so"])
    }

    @Test("a spared operation has to keep half of its answers, if it had any before")
    func meanwhile() {
        func failures(_ broken: Double, count: Int = 12) -> [String] {
            var seen = SampleDrill.observation()
            seen.traffic = [.init(operation: "inventory.commit", healthy: 2, broken: broken, count: count)]
            return SamplePartial.failures(SamplePartial.fault(.undegraded), seen)
        }
        #expect(failures(1).isEmpty)
        #expect(
            failures(0.9) == ["inventory.commit was answered 0.9 times a second, before the fault 2.0 times"])
        #expect(failures(0, count: 2).isEmpty)
    }

    @Test("a queue that finishes less than 80 % of the orders of a brownout doesn't keep up")
    func finishing() {
        func failures(_ finished: Double, of share: Double? = 0.8) -> [String] {
            var seen = SampleDrill.observation()
            seen.finishing = .init(arrived: 10, finished: finished, backlogAtBegin: 3, backlogAtEnd: 80)
            var fault = SamplePartial.fault(.accepted(isTotal: false), .brownout)
            fault.finishing = share
            return SamplePartial.failures(fault, seen)
        }
        #expect(failures(8).isEmpty)
        #expect(
            failures(7.9) == [
                """
                the queue didn't keep up: 7.9 orders a second were finished in the last third of the fault, \
                10.0 arrived; its backlog grew from 3 to 80 messages
                """
            ])
        #expect(failures(0, of: nil).isEmpty)
    }

    @Test("violated invariants, failed quotes and a missing recovery fail here too")
    func afterwards() {
        var seen = SampleDrill.observation()
        seen.audit = DrillAudit(
            findings: [.init(name: "no dead letters", ok: false, violations: ["ord_1"])], drainedSeconds: 1,
            orders: 2)
        seen.reads = .init(sent: 40, refused: 3, failed: 2)
        let found = SamplePartial.failures(SamplePartial.fault(.accepted(isTotal: false)), seen)
        #expect(found == ["2 of 40 quotes and reads failed", "audit: no dead letters: ord_1"])
        let never = failures(.accepted(isTotal: false)) {
            if $0.at >= 16 { ($0.outcome, $0.answer) = (.accepted, "202 accepted") }
        }
        #expect(never == ["not normal again when the load ended"])
    }

    @Test("a fault that met no request is undecided")
    func undecided() {
        var seen = SampleDrill.observation()
        seen.obstacles = ["payment answers 500 to POST /payments/void, yet no request met that"]
        let one = DrillExperiment(
            Experiment(disruption: .partial(SamplePartial.fault(.undegraded))), seen, rate: 50,
            durationSeconds: 1)
        #expect(one.outcome == .undecided && one.failures == seen.obstacles)
    }
}
