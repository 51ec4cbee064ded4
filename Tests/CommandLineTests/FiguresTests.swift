import Contracts
import Testing

@testable import CommandLine

@Suite struct FiguresTests {
    @Test("an answer is counted by its meaning for a customer")
    func outcomes() {
        func outcome(_ status: Int?, code: String? = nil, order: OrderStatus? = nil) -> Sample.Outcome {
            let id = order == nil ? nil : "ord_1"
            return Sample.Outcome(
                Attempt(
                    call: .place, sentAt: .now(), status: status, code: code, orderId: id, orderStatus: order)
            )
        }
        #expect(outcome(201, order: .confirmed) == .confirmed)
        #expect(outcome(202, order: .accepted) == .accepted)
        #expect(outcome(409, code: "out-of-stock") == .refused)
        #expect(outcome(503, code: "overloaded") == .turnedAway)
        #expect(outcome(503, code: "storage-failed") == .failed)
        #expect(outcome(500, code: "internal") == .failed)
        #expect(outcome(200) == .failed)
        #expect(outcome(201) == .failed)
        #expect(outcome(nil) == .failed)
    }

    @Test("a timeline has every second, also those without orders")
    func timeline() {
        let samples = [0.5, 0.9, 3.1].map { at in
            Sample(
                at: at, latency: at * 10, outcome: .confirmed, answer: "201 confirmed",
                degradations: at > 3 ? [SampleDrill.skipped()] : [])
        }
        let timeline = DrillExperiment.Second.timeline(samples)
        #expect(timeline.map(\.second) == [0, 1, 2, 3])
        #expect(timeline.map(\.figures.outcomes.confirmed) == [2, 0, 0, 1])
        #expect(timeline.map(\.degraded) == [0, 0, 0, 1])
        #expect(timeline[0].figures.latency?.max == 9)
        #expect(timeline[1].figures.latency == nil)
    }

    @Test("a written report is read back")
    func codable() throws {
        let experiment = DrillExperiment(
            Experiment(disruption: .broken([SampleDrill.notification], .slow)), SampleDrill.observation(),
            rate: 50,
            durationSeconds: 24)
        let run = DrillRun(mode: .protected, dependencies: [], experiments: [experiment], overload: nil)
        let report = DrillReport(
            ok: true, extent: .quick, seed: 7, startedAt: Timestamp(milliseconds: 0), durationSeconds: 30,
            machine: "m",
            runs: [run])
        #expect(experiment.outcome == .held)
        #expect(try JSON.decode(DrillReport.self, from: JSON.encode(report)) == report)
    }

    @Test("the table has a row an experiment, with the failures below")
    func table() {
        let good = DrillExperiment(
            Experiment(disruption: .broken([SampleDrill.notification], .slow)), SampleDrill.observation(),
            rate: 50,
            durationSeconds: 24)
        let bad = DrillExperiment(
            Experiment(disruption: .broken([SampleDrill.coupon], .killed)),
            SampleDrill.observation { if $0.at == 9 { ($0.outcome, $0.answer) = (.failed, "500 internal") } },
            rate: 50,
            durationSeconds: 24)
        let run = DrillRun(mode: .protected, dependencies: [], experiments: [good, bad], overload: nil)
        let text = DrillTable(
            report: DrillReport(
                ok: false, extent: .full, seed: 7, startedAt: Timestamp(milliseconds: 0), durationSeconds: 30,
                machine: "m",
                runs: [run])
        ).text
        let lines = text.split(separator: "\n")
        #expect(lines[1].hasPrefix("notification-slow") && lines[1].contains("held"))
        #expect(lines[2].hasPrefix("coupon-killed") && lines[2].contains("failed"))
        #expect(text.contains("coupon-killed: expected that every order is confirmed"))
        #expect(text.contains("  1 × 500 internal of 800 orders"))
    }

    @Test("the drill's own catalogue is the project's, with ample stock")
    func seeds() {
        let products = "sku,name,department,price,stock\nP1,\"A, b\",X,59,90\nP2,C,X,1,0\n"
        #expect(
            DrillSeeds.plenty(products)
                == "sku,name,department,price,stock\nP1,\"A, b\",X,59,1000000\nP2,C,X,1,1000000\n")
    }
}
