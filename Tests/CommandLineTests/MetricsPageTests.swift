import Testing

@testable import CommandLine
@testable import StackView

@Suite struct MetricsPageTests {
    private let page = MetricsPage(
        """
        # TYPE calls_total counter
        calls_total{dependency="coupon",outcome="ok"} 3
        calls_total{dependency="coupon",outcome="rejected"} 4
        calls_total{dependency="payment",outcome="ok"} 5
        odd{text="a \\"quoted\\", \\\\ and = {braces}\\n",other="b"} 1.5
        alone 7
        garbage
        took_seconds_bucket{route="/a",le="0.1"} 1
        took_seconds_bucket{route="/a",le="+Inf"} 2
        took_seconds_bucket{route="/b",le="0.1"} 10
        took_seconds_bucket{route="/b",le="+Inf"} 20
        """)

    @Test("series with fitting labels are added up, and a missing metric is not zero")
    func sums() {
        #expect(page.sum("calls_total") == 12)
        #expect(page.sum("calls_total") { $0["outcome"] == "ok" } == 8)
        #expect(page.sum("calls_total") { $0["outcome"] == "none" } == nil)
        #expect(page.sums("calls_total", by: "dependency") == ["coupon": 7, "payment": 5])
        #expect(page.sum("alone") == 7)
        #expect(page.sum("garbage") == nil)
    }

    @Test("labels are read with their escapes")
    func escapes() {
        #expect(page.sums("odd", by: "text") == ["a \"quoted\", \\ and = {braces}\n": 1.5])
        #expect(page.sums("odd", by: "other") == ["b": 1.5])
    }

    @Test("a histogram is added up bound by bound")
    func histogram() {
        #expect(page.buckets("took_seconds") == Buckets(cumulative: [0.1: 11, .infinity: 22]))
        #expect(
            page.buckets("took_seconds") { $0["route"] == "/a" }
                == Buckets(cumulative: [0.1: 1, .infinity: 2]))
        #expect(page.buckets("none").quantile(0.5) == nil)
    }
}
