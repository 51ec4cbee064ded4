import Contracts
import Runtime
import TestSupport
import Testing

@testable import ConsoleService

@Suite("Escalation and notices")
struct EscalationTests {
    private let start = Timestamp(milliseconds: 1_767_614_584_000)
    private let escalation = Escalation(
        onCall: OnCall(
            levels: ["engineer", "lead", "head"].map { OnCall.Level(name: $0) },
            impact: OnCall.Thresholds(ordersRefused: 100)),
        after: [.p1: .seconds(300), .p2: .seconds(1800)])
    private let plan = NoticePlan(link: "http://console.test", channel: "webhook")

    private func incident(_ priority: Incident.Priority = .p1) -> Incident {
        Incident(
            id: "inc_1", title: "payment is dead", priority: priority, status: .detected, cause: "payment",
            isCauseAssumed: false, detectedBy: "console", startedAt: start, detectedAt: start,
            services: ["payment", "order"])
    }

    private func levels(_ incident: Incident, minutes: Int) -> (Incident, [Int]) {
        var incident = incident
        for second in 0..<(minutes * 60) {
            escalation.apply(to: &incident, at: start.advanced(by: .seconds(second)))
        }
        return (incident, incident.escalations.map(\.level))
    }

    @Test("an unacknowledged P1 goes on every 5 minutes, a P2 every 30, a P3 never, to the last level")
    func byTime() {
        #expect(levels(incident(), minutes: 4).1 == [])
        #expect(levels(incident(), minutes: 6).1 == [2])
        let (escalated, all) = levels(incident(), minutes: 60)
        #expect(all == [2, 3] && escalated.escalations.map(\.to) == ["lead", "head"])
        #expect(escalated.escalations[0].reason == "not acknowledged for 5 min")
        #expect(levels(incident(.p2), minutes: 29).1 == [])
        #expect(levels(incident(.p2), minutes: 31).1 == [2])
        #expect(levels(incident(.p3), minutes: 600).1 == [])
    }

    @Test("an acknowledged one doesn't go on by time, but once when it costs too much")
    func byImpact() throws {
        var incident = incident()
        try incident.acknowledge(by: "ada", at: start)
        #expect(levels(incident, minutes: 60).1 == [])
        incident.impact.ordersRefused = 101
        let (escalated, all) = levels(incident, minutes: 60)
        #expect(all == [2] && escalated.escalations[0].reason == "101 orders refused, more than 100")
    }

    @Test("each step is told once; what comes and goes is told of once in ten minutes")
    func notices() throws {
        var incident = incident()
        #expect(plan.notices(nil, &incident, at: start).map(\.kind) == [.opened])
        var before = incident
        escalation.escalate(&incident, "asked for", by: "ada", isForImpact: false, at: start)
        #expect(plan.notices(before, &incident, at: start).map(\.kind) == [.escalated])
        #expect(plan.notices(incident, &incident, at: start).isEmpty)
        for round in 0..<3 {
            let now = start.advanced(by: .seconds(round * 20))
            before = incident
            try incident.mitigate(by: "console", at: now)
            #expect(plan.notices(before, &incident, at: now).isEmpty)
            before = incident
            try incident.recur("again", at: now)
            #expect(plan.notices(before, &incident, at: now).count == (round == 0 ? 1 : 0))
        }
        before = incident
        try incident.resolve(by: "ada", at: start)
        let last = plan.notices(before, &incident, at: start)
        #expect(last.map(\.kind) == [.resolved] && last[0].link == "http://console.test/incidents/inc_1")
        #expect(incident.notices.map(\.kind) == [.opened, .escalated, .recurred, .resolved])
    }

    @Test("a list of who is on call is read, and a broken one is refused with its reason")
    func onCall() throws {
        let folder = try TemporaryFolder()
        let good = try folder.write(
            "levels:\n  - name: engineer\n    contact: pager\n  - name: lead\nimpact:\n  ordersRefused: 5\n",
            to: "good.yaml")
        let onCall = try OnCall.read(good)
        #expect(onCall.levels.map(\.name) == ["engineer", "lead"] && onCall.impact?.ordersRefused == 5)
        for text in ["levels: []", "levels: 3", "a: [", "", "levels:\n  - contact: x"] {
            let file = try folder.write(text, to: "bad.yaml")
            #expect(throws: StartError.self, "\(text)") { try OnCall.read(file) }
        }
        #expect(throws: StartError.self) { try OnCall.read(folder.path + "/none") }
    }
}
