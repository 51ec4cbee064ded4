import Contracts
import Testing

@testable import CommandLine

@Suite struct JudgeTests {
    /// Every order has a coupon, and reports it as skipped while coupon is broken.
    private func couponOut(_ change: (inout Sample) -> Void = { _ in }) -> Observation {
        SampleDrill.observation { sample in
            sample.hasCoupon = true
            if sample.isBroken { sample.degradations = [SampleDrill.skipped()] }
            change(&sample)
        }
    }

    private func failures(_ kind: DrillFault = .frozen, when change: @escaping (inout Sample) -> Void)
        -> [String]
    {
        let judge = SampleDrill.judge([SampleDrill.coupon], kind, couponOut(change))
        #expect(judge.obstacles.isEmpty)
        return judge.failures
    }

    @Test("the hypothesis holds if orders are confirmed in time, name their degradation and recover")
    func held() {
        let judge = SampleDrill.judge([SampleDrill.coupon], .frozen, couponOut())
        #expect(judge.obstacles.isEmpty && judge.failures.isEmpty)
        #expect(judge.isolateSeconds == 0 && judge.recoverSeconds == 0)
    }

    @Test("a single answer outside the contract fails")
    func failed() {
        let found = failures { if $0.at == 10 { ($0.outcome, $0.answer) = (.failed, "500 internal") } }
        #expect(found == ["1 × 500 internal of 800 orders"])
    }

    @Test("an order that is turned away or accepted fails if only optional dependencies are broken")
    func optional() {
        #expect(
            failures { if $0.at == 10 { ($0.outcome, $0.answer) = (.turnedAway, "503 overloaded") } }.count
                == 1)
        let found = failures { if $0.at == 10 { ($0.outcome, $0.answer) = (.accepted, "202 accepted") } }
        #expect(found.first?.hasPrefix("only coupon was broken, yet 1 × 202 accepted") == true)
    }

    @Test("in a critical outage orders may be accepted, but not turned away")
    func critical() {
        func judge(_ outcome: Sample.Outcome) -> Judge {
            SampleDrill.judge(
                [SampleDrill.payment], .killed,
                SampleDrill.observation {
                    if $0.isBroken {
                        ($0.outcome, $0.degradations) = (outcome, [SampleDrill.skipped("payment")])
                    }
                })
        }
        #expect(judge(.accepted).failures.isEmpty)
        #expect(judge(.turnedAway).failures.first?.hasPrefix("orders were turned away") == true)
    }

    @Test("an order that is accepted without its stock didn't reach payment, and names inventory")
    func stoppedBefore() {
        func failures(_ effect: Degradation.Effect) -> [String] {
            SampleDrill.judge(
                [SampleDrill.payment], .killed,
                SampleDrill.observation {
                    guard $0.isBroken else { return }
                    ($0.outcome, $0.answer) = (.accepted, "202 accepted")
                    let lacking = Degradation(
                        dependency: "inventory", effect: effect, source: .cache, reason: "timeout",
                        repair: .finishLater)
                    $0.degradations = $0.at == 10 ? [lacking] : [SampleDrill.skipped("payment")]
                }
            ).failures
        }
        #expect(failures(.stockUnverified).isEmpty)
        #expect(failures(.priceCached) == ["payment gave nothing, yet 1 × 202 accepted without saying so"])
    }

    @Test("an answer without the broken dependency has to say so, unless only some calls fail")
    func honesty() {
        let silent = { (sample: inout Sample) in if sample.at == 10 { sample.degradations = [] } }
        #expect(failures(when: silent) == ["coupon gave nothing, yet 1 × 201 confirmed without saying so"])
        #expect(failures(.errors, when: silent).isEmpty)
    }

    @Test("an order that was sent before the fault was in place needn't name a degradation")
    func notInPlaceYet() {
        var seen = couponOut { if $0.at == 8.1 { $0.degradations = [] } }
        #expect(SampleDrill.judge([SampleDrill.coupon], .frozen, seen).failures.count == 1)
        seen.rounds[0].inPlace = 8.2
        #expect(SampleDrill.judge([SampleDrill.coupon], .frozen, seen).failures.isEmpty)
    }

    @Test("a p99 above the deadline and 50 ms fails even in the first second of the fault")
    func deadline() {
        #expect(failures { if (8..<8.2).contains($0.at) { $0.latency = 1049 } }.isEmpty)
        let found = failures { if (8..<8.2).contains($0.at) { $0.latency = 1051 } }
        #expect(found.first?.hasPrefix("p99 during the fault was 1051.0 ms of 400 orders") == true)
    }

    @Test("a p99 above 1.5 × and 20 ms over the healthy one fails 3 s after the fault and later")
    func steady() {
        #expect(failures { if $0.at > 11 && $0.isBroken { $0.latency = 30 } }.isEmpty)
        let late = failures { if $0.at > 11 && $0.isBroken { $0.latency = 31 } }
        #expect(late.contains { $0.hasPrefix("p99 from 3 s after the fault was 31.0 ms of 250 orders") })
        #expect(late.contains("customers felt the fault for as long as it lasted"))
    }

    @Test("failing probes may not delay customers; the backlog may, within the deadline")
    func probes() {
        func found(_ latency: Double, _ span: Range<Double>) -> [String] {
            failures { if span.contains($0.at) { $0.latency = latency } }
        }
        #expect(found(200, 13..<13.04).isEmpty)
        #expect(found(200, 13..<13.1).first?.hasPrefix("p99 from 3 s after the fault was 200.0 ms") == true)
        #expect(found(1050, 16..<18).isEmpty)
        #expect(
            found(1051, 16..<18).first?.hasPrefix("p99 during the recovery was 1051.0 ms of 400 orders")
                == true)
    }

    @Test("isolation ends when the customers' p99 stays within its bound")
    func isolation() {
        let slow = couponOut { if (8..<10.5).contains($0.at) { $0.latency = 200 } }
        #expect(SampleDrill.judge([SampleDrill.coupon], .frozen, slow).isolateSeconds == 2.5)
        let found = failures { if (8..<12.5).contains($0.at) { $0.latency = 200 } }
        #expect(found.contains { $0.hasPrefix("it took 4.5 s to isolate coupon") })
    }

    @Test("recovery ends when every later order is undegraded and the breaker is closed")
    func recovery() {
        let without = couponOut { if $0.at < 19 && $0.at >= 16 { $0.degradations = [SampleDrill.skipped()] } }
        #expect(SampleDrill.judge([SampleDrill.coupon], .frozen, without).recoverSeconds == 3)
        var breaker = couponOut()
        breaker.breakers = [
            .init(at: 9, dependency: "coupon", state: "open"),
            .init(at: 20, dependency: "coupon", state: "closed"),
        ]
        #expect(SampleDrill.judge([SampleDrill.coupon], .frozen, breaker).recoverSeconds == 4)
        breaker.breakers.removeLast()
        #expect(
            SampleDrill.judge([SampleDrill.coupon], .frozen, breaker).failures == [
                "not normal again when the load ended"
            ])
        var late = couponOut { if $0.at < 27 && $0.at >= 16 { $0.degradations = [SampleDrill.skipped()] } }
        late.rounds[0].end = 40
        late.samples += (1200..<2000).map {
            Sample(
                at: Double($0) / 50, latency: 10, outcome: .confirmed, answer: "201 confirmed",
                degradations: $0 < 1350 ? [SampleDrill.skipped()] : [])
        }
        let judge = SampleDrill.judge([SampleDrill.coupon], .frozen, late)
        #expect(judge.failures.contains { $0.hasPrefix("it took 11.0 s to be normal again") })
    }

    @Test("a dependency off the path may not slow the median down; the middle round counts")
    func offThePath() {
        func judge(_ slow: [Double]) -> Judge {
            var seen = SampleDrill.observation()
            seen.rounds = (0..<3).map { index in
                let begin = Double(index) * 8
                return .init(
                    healthy: .init(begin: begin, end: begin + 3),
                    fault: .init(begin: begin + 3, end: begin + 6),
                    back: begin + 6, end: begin + 8)
            }
            for (index, latency) in slow.enumerated() {
                for sample in seen.samples.indices
                where seen.rounds[index].fault.contains(seen.samples[sample].at) {
                    seen.samples[sample].latency = latency
                }
            }
            return SampleDrill.judge([SampleDrill.notification], .killed, seen)
        }
        #expect(judge([13, 11.5, 11]).failures.isEmpty)
        #expect(judge([13, 13, 11]).failures.first?.hasPrefix("p50 was 1.3 times the healthy one") == true)
    }

    @Test("an unhealthy stack before the fault, or a fault without effect, is undecided")
    func undecided() {
        let sick = couponOut { if $0.at == 4 { ($0.outcome, $0.answer) = (.accepted, "202 accepted") } }
        let judge = SampleDrill.judge([SampleDrill.coupon], .frozen, sick)
        #expect(judge.obstacles == ["before the fault 1 × 202 accepted of 400 orders"])
        var unproven = couponOut()
        unproven.obstacles = ["coupon was killed, yet takes connections"]
        let report = DrillExperiment(
            Experiment(disruption: .broken([SampleDrill.coupon], .killed)), unproven, rate: 50,
            durationSeconds: 1)
        #expect(report.outcome == .undecided && report.failures == unproven.obstacles)
    }

    @Test("a slow machine explains slowness and timeouts, and nothing else")
    func doubt() {
        func isDoubtful(_ change: @escaping (inout Sample) -> Void) -> Bool {
            SampleDrill.judge([SampleDrill.coupon], .frozen, couponOut(change)).findings.areDoubtful
        }
        func answered(_ outcome: Sample.Outcome, _ answer: String) -> (inout Sample) -> Void {
            { if $0.at == 10 { ($0.outcome, $0.answer) = (outcome, answer) } }
        }
        #expect(isDoubtful { if $0.isBroken { $0.latency = 400 } })
        #expect(isDoubtful(answered(.failed, "no answer in time")))
        #expect(isDoubtful(answered(.turnedAway, "503 overloaded")))
        #expect(isDoubtful(answered(.accepted, "202 accepted")))
        #expect(!isDoubtful(answered(.failed, "500 internal")))
        #expect(!isDoubtful(answered(.turnedAway, "503 price-unavailable")))
        #expect(!isDoubtful { if $0.at == 10 { $0.degradations = [] } })
        for (name, expected) in [("drained", true), ("one payment an order", false)] {
            var seen = couponOut()
            seen.audit = DrillAudit(
                findings: [.init(name: name, ok: false, violations: ["x"])], drainedSeconds: 1, orders: 1)
            #expect(SampleDrill.judge([SampleDrill.coupon], .frozen, seen).findings.areDoubtful == expected)
        }
        var bare = couponOut { if $0.isBroken { $0.latency = 400 } }
        bare.unprotected = ["the breaker of coupon is off"]
        #expect(!SampleDrill.judge([SampleDrill.coupon], .frozen, bare).findings.areDoubtful)
    }

    @Test("beside a busy process a slow experiment is undecided, and names the other processes' share")
    func otherProcesses() {
        var seen = couponOut { if $0.isBroken { $0.latency = 400 } }
        seen.otherProcesses = 0.43
        let found = DrillExperiment(
            Experiment(disruption: .broken([SampleDrill.coupon], .frozen)), seen, rate: 50, durationSeconds: 1
        )
        #expect(found.outcome == .undecided && found.isInDoubt && found.otherProcesses == 0.43)
        #expect(found.failures.first == "undecided: other processes took 43 % of the processors meanwhile")
    }

    @Test("an order under way when the fault begins is in neither stretch")
    func boundary() {
        let seen = couponOut {
            if $0.at == 7.98 { ($0.latency, $0.degradations) = (200, [SampleDrill.skipped()]) }
        }
        let judge = SampleDrill.judge([SampleDrill.coupon], .frozen, seen)
        #expect(judge.obstacles.isEmpty && judge.failures.isEmpty)
    }

    @Test("with order killed the clients' final outcomes count, not their latency")
    func orderKilled() {
        var seen = SampleDrill.observation {
            if $0.isBroken { ($0.outcome, $0.answer, $0.latency) = (.failed, "connection refused", 3000) }
        }
        let experiment = Experiment(disruption: .orderKilled)
        #expect(Judge(experiment: experiment, seen: seen).failures.isEmpty)
        seen.unended = ["key-1: no answer in time"]
        #expect(Judge(experiment: experiment, seen: seen).failures == ["no end: key-1: no answer in time"])
    }

    @Test("violated invariants fail, with the first finding")
    func books() {
        var seen = couponOut()
        seen.audit = DrillAudit(
            findings: [.init(name: "no dead letters", ok: false, violations: ["ord_1 x", "ord_2 y"])],
            drainedSeconds: 1,
            orders: 2)
        let judge = SampleDrill.judge([SampleDrill.coupon], .frozen, seen)
        #expect(judge.failures == ["audit: no dead letters: ord_1 x and 1 more"])
    }

    @Test("protections that are declared off are named")
    func unprotected() {
        #expect(SampleDrill.payment.unprotected.isEmpty)
        #expect(
            SampleDrill.dependency("a", .optional, control: "forced-closed").unprotected.first?.contains(
                "breaker of a") == true
        )
        #expect(
            SampleDrill.dependency("a", .optional, limit: 10_000).unprotected.first?.contains("bulkhead of a")
                == true)
        let patient = SampleDrill.dependency("a", .optional, policies: ["timeoutMilliseconds": 30_000])
        #expect(patient.unprotected.first?.contains("deadline is ignored") == true)
    }
}

extension DrillExperiment.Span {
    fileprivate func contains(_ at: Double) -> Bool { begin <= at && at < end }
}
