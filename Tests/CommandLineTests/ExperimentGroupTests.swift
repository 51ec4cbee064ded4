import Foundation
import Testing

@testable import CommandLine

@Suite struct ExperimentGroupTests {
    private var run: DrillRun {
        let partial = PartialFault.Group.allCases.reversed().map { group in
            DrillExperiment(
                Experiment(disruption: .partial(SamplePartial.fault(.undegraded, group))),
                SampleDrill.observation(), rate: 50,
                durationSeconds: 20)
        }
        let whole = DrillExperiment(
            Experiment(disruption: .broken([SampleDrill.coupon], .killed)), SampleDrill.observation(),
            rate: 50,
            durationSeconds: 20)
        return DrillRun(mode: .protected, dependencies: [], experiments: partial + [whole], overload: nil)
    }

    @Test("whole services come first, then one group for each kind of partial fault")
    func groups() {
        #expect(
            run.groups.map(\.title) == [
                nil, "one operation broken", "one criticality broken", "brownouts", "quotes and pages broken",
            ])
        #expect(
            run.groups.flatMap(\.experiments).map(\.kind) == [
                "killed", "operation", "traffic", "brownout", "quotes",
            ])
        #expect(DrillRun(mode: .protected, dependencies: [], experiments: [], overload: nil).groups.isEmpty)
    }

    @Test("the terminal and the page have a table for each group; the matrix has whole services alone")
    func tables() {
        var report = DrillReport.sample()
        report.runs = [run]
        let text = DrillTable(report: report).text
        #expect(text.contains("one operation broken") && text.contains("operation-sample"))
        #expect(text.components(separatedBy: "\n\n").count >= 5)
        let page = DrillReportPage.html(report)
        #expect(page.contains("Experiments: brownouts") && page.contains("href=\"#brownout-sample\""))
        #expect(!page.contains("The matrix"))
    }

    @Test("the page has the operations that continued, and the rate of finished orders")
    func facts() {
        var one = run.experiments[0]
        one.traffic = [.init(operation: "inventory.commit", healthy: 50, broken: 48.5, count: 300)]
        one.finishing = .init(arrived: 10, finished: 9.5, backlogAtBegin: 2, backlogAtEnd: 1234)
        let facts = ExperimentFacts(experiment: one).markup
        #expect(facts.contains("inventory.commit 48.5 (before 50)"))
        #expect(facts.contains("9.5 of 10 that arrived") && facts.contains("1,234 messages"))
    }
}
