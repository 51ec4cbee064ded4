import Testing

@testable import CommandLine
@testable import StackView

@Suite struct BucketsTests {
    private let buckets = Buckets(cumulative: [0.1: 50, 0.2: 100, 1: 100, .infinity: 100])

    @Test(
        "a quantile is interpolated within its bucket, as Prometheus does",
        arguments: [(0.0, 0.0), (0.25, 0.05), (0.5, 0.1), (0.75, 0.15), (1, 0.2)])
    func quantile(share: Double, expected: Double) throws {
        let value = try #require(buckets.quantile(share))
        #expect(abs(value - expected) < 1e-9)
    }

    @Test("a value above every bound is reported as the highest bound")
    func overflow() {
        #expect(Buckets(cumulative: [0.1: 1, 10: 1, .infinity: 4]).quantile(0.99) == 10)
        #expect(Buckets(cumulative: [.infinity: 4]).quantile(0.99) == 0)
    }

    @Test("counts are relative to an earlier snapshot; a restarted process counts from zero")
    func since() {
        let later = Buckets(cumulative: [0.1: 50, 0.2: 110, 1: 190, .infinity: 200])
        #expect(later.since(buckets) == Buckets(cumulative: [0.1: 0, 0.2: 10, 1: 90, .infinity: 100]))
        #expect(buckets.since(later) == buckets)
        #expect(later.since(Buckets(cumulative: [:])) == later)
        #expect(later.since(later).quantile(0.5) == nil)
    }
}
