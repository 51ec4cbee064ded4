import Contracts
import Foundation
import FoundationXML
import Testing

@testable import CommandLine

@Suite struct DrillReportPageTests {
    private let page = DrillReportPage.html(.sample(compared: true, failing: true))

    @Test("the page is self-contained: no script, style sheet, image or foreign address")
    func selfContained() {
        for word in ["<script", "<link", "<img", "@import", "url("] { #expect(!page.contains(word)) }
        let addresses = page.components(separatedBy: "href=\"").dropFirst()
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.hasPrefix("#") })
        #expect(!page.replacing("xmlns=\"http://www.w3.org/2000/svg\"", with: "").contains("://"))
    }

    @Test(
        "the outcome is on top, as text and with its sign",
        arguments: [
            (DrillExperiment.Outcome.held, "✓ All 2 hypotheses held"),
            (.failed, "✗ 1 of 2 hypotheses failed: payment-killed"),
            (.undecided, "? 1 of 2 hypotheses undecided, none failed: payment-killed"),
        ])
    func outcome(second: DrillExperiment.Outcome, expected: String) {
        var report = DrillReport.sample(compared: true)
        report.runs[1].experiments[1].outcome = second
        #expect(DrillReportPage.html(report).contains(">\(expected)</h1>"))
    }

    @Test("each experiment has a section that the tables link to, and each chart has a name")
    func sections() {
        for name in ["coupon-slow", "payment-killed"] {
            #expect(page.components(separatedBy: "id=\"\(name)\"").count == 2)
            #expect(page.contains("href=\"#\(name)\""))
        }
        let charts = page.components(separatedBy: "<svg").dropFirst()
        #expect(charts.count == 6)
        #expect(charts.allSatisfy { $0.contains("role=\"img\"") && $0.contains("<title>") })
        #expect(page.contains("coupon-slow, protections off, p50 and p99 of the orders"))
    }

    @Test("foreign text is escaped")
    func escaped() {
        var report = DrillReport.sample()
        report.runs[0].experiments[0].failures = ["<script>alert(\"&\")</script>\u{0}"]
        report.machine = "</style>"
        let page = DrillReportPage.html(report)
        #expect(page.contains("&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;\u{FFFD}"))
        #expect(!page.contains("<script") && page.components(separatedBy: "</style>").count == 2)
    }

    @Test("the comparison is a well-formed SVG of both stacks on the same axes; one stack has none")
    func comparison() throws {
        let pages = ComparisonPage.all(.sample(compared: true))
        #expect(pages.map(\.name) == ["coupon-slow"])
        let page = try #require(pages.first)
        let reader = XMLParser(data: Data(page.svg.utf8))
        #expect(reader.parse(), "\(String(describing: reader.parserError))")
        // 100 s is on the axes only because of the naive stack.
        #expect(page.svg.components(separatedBy: ">100 s<").count == 3)
        #expect(ComparisonPage.all(.sample()).isEmpty)
        #expect(
            page.sentence
                == "protections off: 820 of 1,000 orders failed; protections on: 971 of 991 confirmed; "
                + "3 × coupon-estimated, 97 × coupon-skipped; 97 of 97 made good")
        #expect(page.svg.contains("<desc>\(page.sentence)</desc>"))
    }

    @Test("a report without orders, overload or audit has a page too")
    func empty() {
        var report = DrillReport.sample()
        report.runs[0].overload = nil
        report.runs[0].experiments[0].timeline = []
        report.runs[0].experiments[0].healthy = .init()
        report.runs[0].experiments[0].broken = .init()
        report.runs[0].experiments[0].audit = nil
        report.runs[0].experiments[0].faults = []
        let page = DrillReportPage.html(report)
        #expect(page.contains("not taken"))
        #expect(!page.contains("nan") && !page.contains("inf\""))
        report.runs = []
        #expect(DrillReportPage.html(report).contains("</html>"))
    }

    @Test("a matrix is drawn if most of its cells have an experiment")
    func matrix() {
        var report = DrillReport.sample()
        #expect(!DrillReportPage.html(report).contains("The matrix"))
        report.runs[0].experiments.append(.sample("coupon-killed", "coupon is killed", .protected))
        let page = DrillReportPage.html(report)
        #expect(page.contains("The matrix") && page.contains("<th scope=\"row\" class=\"words\">coupon</th>"))
    }
}
