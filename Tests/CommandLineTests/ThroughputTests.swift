import Testing

@testable import CommandLine
@testable import StackView

@Suite struct ThroughputTests {
    @Test("an operation's answers are the successful ones of its route and method")
    func answered() {
        let page = MetricsPage(
            """
            http_server_request_duration_seconds_count{method="POST",route="/reservations",status="201"} 7
            http_server_request_duration_seconds_count{method="POST",route="/reservations",status="200"} 2
            http_server_request_duration_seconds_count{method="POST",route="/reservations",status="503"} 40
            http_server_request_duration_seconds_count{method="GET",route="/reservations",status="200"} 5
            """)
        #expect(page.answered("POST /reservations") == 9)
        #expect(page.answered("POST /payments") == 0)
    }

    @Test("rates are counted between two readings")
    func rates() {
        let early = Throughput(at: 2, answered: ["inventory.reserve": 10])
        let late = Throughput(at: 6, answered: ["inventory.reserve": 30])
        #expect(late.perSecond(SamplePartial.reserve, since: early) == 5)
        #expect(late.count(SamplePartial.reserve, since: early) == 20)
        #expect(late.perSecond(SamplePartial.commit, since: early) == 0)
        #expect(late.perSecond(SamplePartial.reserve, since: late) == 0)
    }

    @Test("finished orders are compared with those accepted in the same time")
    func finishing() throws {
        let samples = (0..<100).map { index in
            Sample(
                at: Double(index) / 10, latency: 50,
                outcome: index.isMultiple(of: 10) ? .turnedAway : .accepted,
                answer: "202 accepted")
        }
        let late = Throughput(at: 4, finished: 100)
        let end = Throughput(at: 8, finished: 127, backlog: 30)
        let found = try #require(DrillExperiment.Finishing(samples, from: late, to: end, backlog: 4))
        #expect(found.arrived == 9 && found.finished == 6.75 && found.share == 0.75)
        #expect(found.backlogAtBegin == 4 && found.backlogAtEnd == 30)
        #expect(DrillExperiment.Finishing(samples, from: late, to: late, backlog: 0) == nil)
        #expect(DrillExperiment.Finishing([], from: late, to: end, backlog: 0)?.share == 1)
    }
}
