import Contracts
import Foundation
import FoundationXML
import Runtime
import TestSupport
import Testing

@testable import ConsoleService
@testable import StackView

@Suite("The status page")
struct StatusTests {
    private static let at = Timestamp(milliseconds: 1_767_614_584_000)

    private static func incident(
        _ cause: String, _ priority: Incident.Priority = .p1, daysAgo: Int = 0, minutes: Int? = nil,
        effect: [String: String] = [:]
    ) throws -> Incident {
        let start = at.advanced(by: .seconds(-daysAgo * 86_400 - 600))
        var incident = Incident(
            id: "inc_\(cause)_\(daysAgo)", title: "\(cause) is dead", priority: priority, status: .detected,
            cause: cause, isCauseAssumed: false, detectedBy: "console", startedAt: start, detectedAt: start,
            services: [cause])
        incident.effect = effect
        incident.add(.detected, "detected", at: start)
        if let minutes {
            try incident.resolve(by: "console", at: start.advanced(by: .seconds(minutes * 60)))
        }
        return incident
    }

    private static func status(
        _ known: [Incident], down: [ServiceName: Dashboard.Condition] = [:], watchedForDays days: Int = 100
    ) -> StatusDocument {
        let names: [ServiceName] = [.order, .payment, .coupon]
        let dashboard = Dashboard(
            at: at, orders: nil, services: names.map { .init(name: $0, url: "", state: down[$0] ?? .ready) },
            dependencies: [
                .init(name: "payment", role: .critical, breaker: "closed", callsPerSecond: [:]),
                .init(name: "coupon", role: .optional, breaker: "closed", callsPerSecond: [:]),
            ], events: [])
        return StatusDocument(
            dashboard, Sentence(dashboard, degraded: [], mode: .protected), known: known,
            since: at.advanced(by: .seconds(-days * 86_400)))
    }

    @Test("components follow the path; an incident says what is affected, what works, and when there is news")
    func components() throws {
        let rest = Self.status([])
        #expect(rest.level == .operational && rest.components.allSatisfy { $0.level == .operational })
        #expect(rest.components.map(\.name) == ["order", "payment", "coupon"])
        #expect(rest.days.count == 90 && rest.days.allSatisfy { $0.level == .operational })

        let effect = ["en": "Coupons come later.", "ko": "쿠폰은 나중에 처리됩니다."]
        let broken = Self.status(
            [try Self.incident("coupon", .p2, effect: effect)], down: [.coupon: .dead])
        #expect(broken.level == .degraded)
        #expect(broken.components.map(\.level) == [.operational, .operational, .degraded])
        let item = try #require(broken.incidents.first)
        #expect(item.affected == effect && item.works["en"] == "Orders are placed and paid as usual.")
        #expect(item.updates.count == 1 && item.nextUpdateAt == item.since.advanced(by: .seconds(7200)))

        let outage = Self.status([try Self.incident("order")], down: [.order: .dead])
        #expect(outage.level == .outage && outage.components[0].level == .outage)
    }

    @Test("the history counts the minutes of each day, and past incidents end")
    func history() throws {
        let status = Self.status([
            try Self.incident("payment", daysAgo: 3, minutes: 7),
            try Self.incident("order", daysAgo: 1, minutes: 5),
            try Self.incident("coupon", .p3, daysAgo: 2, minutes: 9),
        ])
        let days = status.days.filter { $0.minutes > 0 }
        #expect(days.map(\.minutes) == [7, 5] && days.map(\.level) == [.degraded, .outage])
        #expect(status.incidents.isEmpty && status.past.count == 3)
        #expect(status.past.allSatisfy { $0.nextUpdateAt == nil && $0.resolvedAt != nil })
        #expect(status.past.allSatisfy { $0.affected["en"]?.hasPrefix("What was affected: ") == true })
    }

    @Test("that all is made good is said at the end, once it is so")
    func madeGood() throws {
        var incident = try Self.incident("payment", minutes: 5)
        incident.impact.ordersDegraded = 3
        incident.impact.ordersMadeGood = 2
        #expect(Self.status([incident]).past[0].updates[0].text["en"] == "It is over.")
        incident.impact.ordersMadeGood = 3
        let told = Self.status([incident]).past[0].updates[0].text["en"]
        #expect(told == "It is over, and everything that was put off has been done.")
    }

    @Test("days before the console first saw the stack are no good days: nothing is known of them")
    func before() {
        let days = Self.status([], watchedForDays: 2).days
        #expect(days.prefix(87).allSatisfy { $0.level == nil })
        #expect(days.suffix(3).allSatisfy { $0.level == .operational })
    }

    @Test("the page and the feed are well-formed in each language, whatever an incident is called")
    func pages() throws {
        let effect = ["en": "<script>alert(1)</script> & \"more\"", "ko": "<b>쿠폰</b>"]
        let page = StatusPage(
            status: Self.status([
                try Self.incident("coupon", effect: effect),
                try Self.incident("payment", daysAgo: 1, minutes: 1),
            ]))
        for languages in [["en"], ["ko"], ["en", "ko"]] {
            let html = page.html(languages)
            #expect(!html.contains("<script>") && !html.contains("<b>"))
            #expect(html.contains("<html lang=\"\(languages[0])\">"))
        }
        for language in ["en", "ko"] {
            let parser = XMLParser(data: Data(page.rss(language, link: "http://x.test/?a&b").utf8))
            #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
        }
    }
}
