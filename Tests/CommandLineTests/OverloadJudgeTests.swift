import Load
import Testing

@testable import CommandLine

@Suite struct OverloadJudgeTests {
    /// 100 orders a second can be served, and a refusal costs a tenth of one: of 200 offered ones 89 can be.
    private func judge(
        factor: Double = 2, served: Double = 0.45, latency: Double = 20, after: (Sample) -> Sample = { $0 },
        quotesServed: Double = 0.1, change: (Sample) -> Sample = { $0 }
    ) -> OverloadJudge {
        func samples(_ begin: Double, _ end: Double, _ rate: Double, _ served: Double, _ latency: Double)
            -> [Sample]
        {
            (0..<Int((end - begin) * rate)).map { index in
                let isServed = Int(Double(index + 1) * served) > Int(Double(index) * served)
                let at = begin + Double(index) / rate
                return isServed
                    ? Sample(at: at, latency: latency, outcome: .confirmed, answer: "201")
                    : Sample(at: at, latency: 1, outcome: .turnedAway, answer: "503")
            }
        }
        return OverloadJudge(
            factor: factor, capacity: 100, refusalCost: 0.1, usualP99: 10,
            orders: samples(2, 6, 200, served, latency).map(change) + samples(6, 10, 70, 1, 9).map(after),
            quotes: samples(2, 6, 40, quotesServed, 5), span: .init(begin: 2, end: 6), end: 10)
    }

    @Test("refusals leave (1 − xρ)/(1 − ρ) of the capacity, and never less than zero")
    func bound() {
        #expect(abs(judge().bound - 88.9) < 0.1)
        #expect(abs(judge(factor: 5).bound - 55.6) < 0.1)
        #expect(judge(factor: 20).bound == 0)
        #expect(judge(factor: 0.5).bound == 100)
    }

    @Test("a step that serves its share of the capacity in time holds")
    func held() {
        let judge = judge()
        #expect(judge.findings.isEmpty && judge.goodput == 90)
        #expect(judge.settledSeconds == 0 && judge.recoveredSeconds == 0)
    }

    @Test("a measured capacity below the goodput is no bound")
    func capacityTooLow() {
        let more = judge(served: 0.7)
        #expect(more.goodput == 140 && abs(more.bound - 124.4) < 0.1)
    }

    @Test("less than 90 % of it fails")
    func goodput() {
        #expect(
            judge(served: 0.38).findings.map(\.words).contains { $0.hasPrefix("76.0 orders/s were served") })
    }

    @Test("late orders are no goodput, and a p99 above three times the usual one fails")
    func late() {
        #expect(judge(latency: 30).findings.isEmpty)
        #expect(
            judge(latency: 31).findings.map(\.words).first?.contains(
                "p99 of the 360 admitted orders was 31.0 ms") == true)
        #expect(judge(latency: 1100).goodput == 0)
    }

    @Test("quotes that are served before orders fail")
    func criticality() {
        #expect(
            judge(quotesServed: 0.6).findings.map(\.words).first?.contains("60.0 % of the quotes") == true)
    }

    @Test("an answer outside the contract fails")
    func failed() {
        let found = judge(change: {
            $0.at == 3 ? Sample(at: 3, latency: 1, outcome: .failed, answer: "500") : $0
        }).findings
            .map(\.words)
        #expect(found == ["1 of 960 requests failed: 1 × 500"])
    }

    @Test("sold-out orders are distinguished from failed ones")
    func soldOut() {
        let sold = judge(change: {
            $0.at == 3 ? Sample(at: 3, latency: 1, outcome: .refused, answer: "409") : $0
        })
        #expect(sold.soldOut == 1 && sold.findings.isEmpty)
        #expect(Sample(RawSender.Outcome(intended: 3, latency: 0.001, status: 409)).outcome == .refused)
    }

    @Test("a slow machine explains a missing answer, but not one outside the contract")
    func doubt() {
        func isDoubtful(_ answer: String) -> Bool {
            let change = { (sample: Sample) in
                sample.at == 3 ? Sample(at: 3, latency: 1, outcome: .failed, answer: answer) : sample
            }
            return judge(change: change).findings.areDoubtful
        }
        #expect(isDoubtful(Sample.noAnswer) && !isDoubtful("500"))
        #expect(judge(served: 0.38).findings.areDoubtful)
    }

    @Test("settling and recovering end when all stays within its bounds")
    func times() {
        func slow(_ span: Range<Double>) -> (Sample) -> Sample {
            {
                span.contains($0.at) && $0.isTaken
                    ? Sample(at: $0.at, latency: 90, outcome: .confirmed, answer: "201") : $0
            }
        }
        #expect(judge(change: slow(2..<3)).settledSeconds == 1)
        #expect(judge(after: slow(6..<8.5)).recoveredSeconds == 2.5)
        #expect(
            judge(after: slow(6..<8.5)).findings.map(\.words).contains {
                $0.hasPrefix("normal again after 2.5 s")
            })
        #expect(judge(after: slow(6..<10)).recoveredSeconds == nil)
    }
}
