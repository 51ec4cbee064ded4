import Contracts
import Crypto
import Foundation
import Resilience
import StackView
import TestSupport
import Testing
import Transport

@testable import ConsoleService

@Suite("Incidents over HTTP", .timeLimit(.minutes(10)))
struct IncidentRoutesTests {
    private typealias Console = RunningService<ConsoleApplication>

    /// A console that watches no service, so that nothing on this machine opens an incident.
    private func withConsole(
        settings: [String: String] = [:], _ body: @Sendable (Console) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let record = StackRecord(
            instance: "none", basePort: 0, host: "", seedFolder: "", stopping: false, environment: [:],
            services: [])
        let file = try folder.write(
            String(decoding: JSONEncoder().encode(record), as: UTF8.self), to: "stack.json")
        try await withService(
            ConsoleApplication.self, settings: settings.merging(["STACK_FILE": file]) { $1 }, body)
    }

    private struct Opening: Encodable {
        var title = "Cards are declined"
        var priority = "P1"
        var services = ["payment"]
        var by = "ada"
    }

    private func open(_ console: Console, _ opening: Opening = Opening()) async throws -> Incident {
        let answer = try await console.post("/api/incidents", opening, token: TestTokens.administrator)
        #expect(answer.status == 201, "\(answer.text)")
        let incident = try answer.decode(Incident.self)
        #expect(answer.header("Location") == "/api/incidents/\(incident.id)")
        return incident
    }

    private func act(
        _ console: Console, _ incident: Incident, _ action: String, _ remark: [String: String] = ["by": "ada"]
    ) async throws -> TestAnswer {
        try await console.post(
            "/api/incidents/\(incident.id)/\(action)", remark, token: TestTokens.administrator)
    }

    @Test("people open one, work on it, and every step is in the timeline with its author")
    func byHand() async throws {
        try await withConsole { console in
            let opened = try await open(console)
            #expect(opened.status == .detected && opened.cause == "payment" && opened.detectedBy == "ada")
            for (action, status) in [
                ("acknowledge", Incident.Status.acknowledged), ("acknowledge", .acknowledged),
                ("note", .acknowledged), ("escalate", .acknowledged), ("mitigate", .mitigated),
                ("resolve", .resolved), ("review", .reviewed),
            ] {
                let answer = try await act(console, opened, action, ["by": "ada", "text": "why not"])
                #expect(answer.status == 200, "\(action): \(answer.text)")
                #expect(try answer.decode(Incident.self).status == status, "\(action)")
            }
            let incident: Incident = try await console.get("/api/incidents/\(opened.id)").decode()
            // What customers get meanwhile is the console's to say.
            let told = incident.timeline.filter { $0.kind != .customers }
            #expect(
                told.map(\.kind) == [
                    .detected, .acknowledged, .note, .escalated, .mitigated, .resolved, .reviewed,
                ])
            #expect(told.allSatisfy { $0.by == "ada" })
            #expect(
                incident.escalations.map(\.level) == [2]
                    && incident.notices.map(\.channel).allSatisfy { $0 == "log" })
            #expect(try await act(console, opened, "acknowledge").status == 409)
            #expect(try await act(console, opened, "escalate").status == 409)
            #expect(try await console.get("/incidents/\(opened.id)").status == 200)
        }
    }

    @Test("only administrators change anything, and what is wrong is said")
    func refused() async throws {
        try await withConsole { console in
            let incident = try await open(console)
            #expect(try await console.post("/api/incidents", Opening()).status == 401)
            #expect(try await console.post("/api/incidents/\(incident.id)/acknowledge").status == 401)
            #expect(try await act(console, incident, "note", ["by": "ada"]).status == 422)
            #expect(
                try await act(console, incident, "note", ["text": String(repeating: "x", count: 2001)]).status
                    == 422)
            var opening = Opening()
            opening.priority = "P9"
            let answer = try await console.post("/api/incidents", opening, token: TestTokens.administrator)
            #expect(answer.status == 422 && answer.text.contains("/priority"))
            #expect(try await console.get("/api/incidents/inc_none").status == 404)
            #expect(try await console.get("/api/incidents?status=open").status == 422)
            #expect(try await console.get("/api/incidents/metrics?from=tomorrow").status == 422)
        }
    }

    @Test("lists are by status, newest first; figures count what was acknowledged and resolved")
    func listsAndFigures() async throws {
        try await withConsole { console in
            let first = try await open(console)
            let second = try await open(console)
            _ = try await act(console, first, "acknowledge")
            _ = try await act(console, first, "resolve")
            let all: Page<Incident> = try await console.get("/api/incidents").decode()
            #expect(all.items.map(\.id) == [second.id, first.id])
            let resolved: Page<Incident> = try await console.get("/api/incidents?status=resolved").decode()
            #expect(resolved.items.map(\.id) == [first.id])
            let answer = try await console.get("/api/incidents/metrics")
            let figures = try #require(
                JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
            let total = try #require(figures["total"] as? [String: Any])
            #expect(total["count"] as? Int == 2)
            #expect(total["mttaSeconds"] is Double && total["mttrSeconds"] is Double)
            #expect((figures["byCause"] as? [String: Any])?.keys.sorted() == ["payment"])
        }
    }

    @Test("actions stay open until they are closed")
    func actions() async throws {
        try await withConsole { console in
            let incident = try await open(console)
            let action = ["text": "Test cards nightly", "owner": "ada", "due": "2026-12-24"]
            let added = try await act(console, incident, "actions", action)
            #expect(try added.decode(Incident.self).actions.map(\.owner) == ["ada"])
            #expect(
                try await act(console, incident, "actions", ["text": "x", "owner": "y", "due": "soon"]).status
                    == 422)
            let closed = try await act(console, incident, "actions/1/close")
            #expect(try closed.decode(Incident.self).actions[0].closedAt != nil)
            #expect(try await act(console, incident, "actions/2/close").status == 404)
        }
    }

    @Test("the post-mortem has every part, in both languages, and nothing that was typed becomes Markdown")
    func postmortem() async throws {
        try await withConsole { console in
            var opening = Opening()
            opening.title = "<b>Cards</b> | [x](http://evil.test)\n# head"
            let incident = try await open(console, opening)
            _ = try await act(console, incident, "resolve")
            let path = "/api/incidents/\(incident.id)/postmortem.md"
            let english = try await console.get(path)
            #expect(english.header("Content-Type") == "text/markdown; charset=utf-8")
            for part in [
                "Date", "Duration", "Author", "Status", "Severity", "## Summary", "## Impact", "## Detection",
                "## Root cause", "## Resolution", "## Lessons", "### What went well", "### What went badly",
                "### Where we were lucky", "## Five whys", "## Prevention", "## Timeline", "## Links",
            ] { #expect(english.text.contains(part), "\(part)") }
            #expect(!english.text.contains("<b>") && !english.text.contains("\n# head"))
            let korean = try await console.get(path + "?lang=ko").text
            for part in ["## 요약", "## 영향", "## 근본 원인", "## 재발 방지", "## 타임라인", "심각도"] {
                #expect(korean.contains(part), "\(part)")
            }
            #expect(try await console.get(path + "?lang=de").status == 422)
        }
    }

    /// As Alertmanager 0.28 sends it.
    private static func payload(
        _ status: String = "firing", dependency: String? = "payment", fingerprint: String = "f1",
        startsAt: String = "2026-11-30T12:00:00.123456789Z"
    ) -> String {
        let label = dependency.map { #","dependency":"\#($0)""# } ?? ""
        return """
            {"version":"4","groupKey":"{}:{}","truncatedAlerts":0,"status":"\(status)","receiver":"people",
            "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alerts.test",
            "alerts":[{"status":"\(status)","labels":{"alertname":"CriticalBreakerOpen","priority":"P1",
            "service":"order"\(label)},"annotations":{"summary":"Orders wait."},"startsAt":"\(startsAt)",
            "endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p.test","fingerprint":"\(fingerprint)"}]}
            """
    }

    private func incidents(_ console: Console) async throws -> [Incident] {
        try await console.get("/api/incidents").decode(Page<Incident>.self).items
    }

    @Test("an alert opens one incident, however often it is told, and its end is in the timeline")
    func alerts() async throws {
        try await withConsole { console in
            for _ in 0..<3 {
                #expect(try await console.post("/api/alerts", text: Self.payload()).status == 200)
            }
            let incident = try #require(try await incidents(console).first)
            #expect(try await incidents(console).count == 1)
            #expect(incident.detectedBy == "alertmanager" && incident.cause == "payment")
            #expect(incident.priority == .p1 && incident.title == "CriticalBreakerOpen: Orders wait.")
            #expect(incident.timeline.prefix(2).map(\.kind) == [.symptom, .detected])
            // The same cause by another alert; one whose end comes twice, and before its start.
            for text in [
                Self.payload(fingerprint: "f2", startsAt: "2026-11-30T14:00:01+02:00"),
                Self.payload("resolved"),
                Self.payload("resolved"), Self.payload("resolved", fingerprint: "f9"),
            ] { #expect(try await console.post("/api/alerts", text: text).status == 200) }
            let told = try #require(try await incidents(console).first)
            #expect(try await incidents(console).count == 1)
            #expect(told.timeline.count { $0.kind == .alert } == 1)
            #expect(told.timeline.last?.text == "CriticalBreakerOpen has ended")
        }
    }

    @Test(
        "alerts that come as a group go to the incident of each one's cause; how many were left out is said")
    func groupedAlerts() async throws {
        func alert(_ name: String, _ dependency: String, _ fingerprint: String) -> String {
            """
            {"status":"firing","labels":{"alertname":"\(name)","priority":"P2","dependency":"\(dependency)"},
            "startsAt":"2026-11-30T12:00:00Z","fingerprint":"\(fingerprint)"}
            """
        }
        let group = """
            {"version":"4","status":"firing","truncatedAlerts":7,"alerts":[
            \(alert("BreakerOpen", "coupon", "f1")),\(alert("Degraded", "coupon", "f2")),
            \(alert("BreakerOpen", "notification", "f3")),\(alert("BreakerOpen", "coupon", "f1"))]}
            """
        try await withConsole { console in
            for _ in 0..<2 {
                let answer = try await console.post("/api/alerts", text: group)
                #expect(answer.status == 200 && answer.text.contains(#""received":4"#))
            }
            let told = try await incidents(console).sorted { $0.cause < $1.cause }
            #expect(told.map(\.cause) == ["coupon", "notification"])
            // The second alert of coupon, and what was left out: of the last one that is listed.
            #expect(told.map { $0.timeline.count { $0.kind == .alert } } == [2, 0])
            #expect(
                told[0].timeline.last { $0.kind == .alert }?.text == "alerts that Alertmanager left out: 7")
        }
    }

    @Test(
        "what isn't Alertmanager's is refused and changes nothing",
        arguments: [
            ("{}", 422), ("[]", 422), ("nonsense", 400), (payload().replacing("\"4\"", with: "\"3\""), 422),
            (payload("maybe"), 422), (payload(fingerprint: ""), 422), (payload(startsAt: "yesterday"), 422),
            (payload().replacing("alertname", with: "name"), 422),
            (payload().replacing("\"truncatedAlerts\":0", with: "\"truncatedAlerts\":-1"), 422),
            (#"{"version":"4","alerts":[{"status":"firing"}]}"#, 422),
        ])
    func garbage(_ text: String, _ status: Int) async throws {
        try await withConsole { (console) async throws in
            #expect(try await console.post("/api/alerts", text: text).status == status)
            #expect(try await incidents(console).isEmpty)
        }
    }

    @Test("what an incident cost stays when people write to it later, though the orders are gone")
    func keptImpact() async throws {
        try await withConsole { console in
            let incident = try await open(console)
            _ = try await act(console, incident, "resolve")
            let store = console.application.incidents
            var counted = ImpactCount(incident, floor: nil, entry: nil, others: [])
            counted.add(ImpactCountTests.order(1, at: incident.startedAt))
            try await store.save(counted, of: incident.id, isFinal: true)
            _ = try await act(console, incident, "note", ["text": "read once more"])
            #expect(try await store.counting().isEmpty)
            #expect(try await store.incident(incident.id)?.impact.ordersDegraded == 1)
        }
    }

    @Test("at most a hundred are open, however they are asked for")
    func bounded() async throws {
        try await withConsole { console in
            for index in 0..<IncidentStore.mostOpen {
                let text = Self.payload(dependency: "d\(index)", fingerprint: "f\(index)")
                #expect(try await console.post("/api/alerts", text: text).status == 200)
            }
            let text = Self.payload(dependency: "more", fingerprint: "more")
            #expect(try await console.post("/api/alerts", text: text).status == 429)
            let answer = try await console.post(
                "/api/incidents", Opening(), token: TestTokens.administrator)
            #expect(answer.status == 429)
        }
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    /// Opens an incident, resolves it, and answers what the webhook got.
    private func notices(_ settings: [String: String], _ opening: Opening = Opening()) async throws
        -> [String]
    {
        let receiver = try MisbehavingServer(behaviour: .answer(Self.ok))
        defer { receiver.stop() }
        let settings = settings.merging(["NOTICE_WEBHOOK_URL": receiver.url + "/hook"]) { $1 }
        try await withConsole(settings: settings) { console in
            let incident = try await open(console, opening)
            _ = try await act(console, incident, "resolve")
            await receiver.until { $0.requests.count >= 2 }
        }
        return receiver.seen.requests
    }

    private func body(_ request: String) throws -> [String: Any] {
        let text = request.components(separatedBy: "\r\n\r\n").dropFirst().joined()
        return try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func header(_ name: String, _ request: String) -> String? {
        request.components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    @Test("a webhook hears of each step once, signed as Standard Webhooks has it")
    func signedNotices() async throws {
        let key = SymmetricKey(data: Data("0123456789abcdef".utf8))
        let secret = "whsec_" + Data("0123456789abcdef".utf8).base64EncodedString()
        let requests = try await notices(["NOTICE_ALLOW_PRIVATE": "true", "NOTICE_SECRET": secret])
        #expect(requests.count == 2)
        #expect(Set(requests.compactMap { header("webhook-id", $0) }).count == 2)
        var kinds: Set<String> = []
        for request in requests {
            kinds.insert(try #require(try body(request)["type"] as? String))
            let content = request.components(separatedBy: "\r\n\r\n").dropFirst().joined()
            let signed = [header("webhook-id", request), header("webhook-timestamp", request), content]
                .compactMap { $0 }.joined(separator: ".")
            let code = Data(HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key))
            #expect(header("webhook-signature", request) == "v1,\(code.base64EncodedString())")
        }
        #expect(kinds == ["incident.opened", "incident.resolved"])
    }

    /// What Slack's incoming webhooks and Discord's `ExecuteWebhook` document: the members and their limits.
    @Test("Slack's and Discord's webhooks get what they document, whatever the title, and no mention works")
    func chats() async throws {
        var opening = Opening()
        opening.title = "<!channel> @everyone & <@U1> "
        opening.title += String(repeating: "🧾", count: 255 - opening.title.count)
        for format in ["slack", "discord"] {
            let settings = ["NOTICE_ALLOW_PRIVATE": "true", "NOTICE_FORMAT": format]
            for request in try await notices(settings, opening) {
                #expect(header("Content-Type", request) == "application/json")
                let body = try body(request)
                let text = try #require((body["text"] ?? body["content"]) as? String)
                #expect(text.contains("🧾🧾") && text.contains("/incidents/inc_"))
                if format == "slack" {
                    #expect(body.keys.sorted() == ["text"] && text.utf16.count <= 40_000)
                    #expect(text.contains("&lt;!channel&gt; @everyone &amp; &lt;@U1&gt;"))
                } else {
                    #expect(body.keys.sorted() == ["allowed_mentions", "content"])
                    #expect((1...2000).contains(text.utf16.count))
                    #expect((body["allowed_mentions"] as? [String: [String]]) == ["parse": []])
                }
            }
        }
    }

    @Test("a notice waits for a webhook that is down, and is taken once when it is back")
    func webhookDown() async throws {
        struct Receiver {
            var isUp = false
            var taken = 0
        }
        let state = Locked(Receiver())
        let receiver = try MisbehavingServer(
            behaviour: .answer(now: {
                state.withLock { state in
                    guard state.isUp else {
                        return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                    }
                    state.taken += 1
                    return Self.ok
                }
            }))
        defer { receiver.stop() }
        let settings = ["NOTICE_ALLOW_PRIVATE": "true", "NOTICE_WEBHOOK_URL": receiver.url]
        try await withConsole(settings: settings) { console in
            // Nothing waits for the webhook: the incident is open.
            _ = try await open(console)
            await receiver.until { $0.requests.count >= 2 }
            state.withLock { $0.isUp = true }
            while try await console.get("/queue").text.contains(#/"(ready|leased|delayed|dead)":[1-9]/#) {
                await Task.yield()
            }
        }
        #expect(state.withLock(\.taken) == 1)
        #expect(Set(receiver.seen.requests.map { header("webhook-id", $0) }).count == 1)
    }

    @Test("a webhook in this network gets nothing unless that is allowed")
    func privateWebhook() async throws {
        let receiver = try MisbehavingServer(behaviour: .answer(Self.ok))
        defer { receiver.stop() }
        try await withConsole(settings: ["NOTICE_WEBHOOK_URL": receiver.url]) { console in
            _ = try await open(console)
            await receiver.until { $0.accepted >= 1 }
            while try await !console.get("/queue").text.contains(#/"(delayed|dead)":1/#) {
                await Task.yield()
            }
        }
        #expect(receiver.seen.requests.isEmpty)
    }
}
