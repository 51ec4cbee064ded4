import Contracts
import Foundation
import TestSupport
import Testing

@testable import ConsoleService
@testable import StackView

@Suite("Incidents")
struct IncidentTests {
    /// A shop that has been up for a while.
    private func shop() throws -> WatchedShop {
        var shop = WatchedShop()
        try shop.pass(60)
        return shop
    }

    @Test("there is a runbook for everything that the console detects")
    func runbooks() {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let kinds = Symptom.Kind.allCases.filter { $0 != .alert }.map(\.rawValue)
        for priority in ["P1", "P2"] {
            let files = Runbook.files(kinds, priority: priority)
            #expect(files.count == kinds.count)
            for file in files {
                #expect(FileManager.default.fileExists(atPath: root.appending(path: file).path), "\(file)")
            }
        }
    }

    @Test("a dependency that dies is one incident, whatever it sets off, and ends by itself")
    func oneFault() throws {
        for (name, priority) in [(ServiceName.payment, Incident.Priority.p1), (.coupon, .p2)] {
            var shop = try shop()
            shop.conditions[name] = .dead
            try shop.pass(2)
            shop.openBreakers = [name.rawValue]
            shop.missing = [name.rawValue]
            shop.failing = [name.rawValue]
            try shop.pass(10)
            #expect(shop.open.map(\.cause) == [name.rawValue])
            #expect(shop.open.map(\.priority) == [priority])
            shop.oldestSeconds = 100
            shop.refused = name == .payment ? 3 : 0
            try shop.pass(60)
            let incident = try #require(shop.incidents.first)
            #expect(shop.incidents.count == 1)
            #expect(incident.startedAt.seconds(to: incident.detectedAt) <= 6)
            #expect(incident.symptoms.contains("queue-lagging") && incident.symptoms.contains("breaker-open"))
            #expect(incident.effect["en"] == "No \(name).")
            #expect(incident.services == [name.rawValue, "order"])

            shop.conditions = [:]
            shop.openBreakers = []
            shop.missing = []
            shop.failing = []
            shop.oldestSeconds = 0
            shop.refused = 0
            try shop.pass(10)
            #expect(shop.incidents[0].status == .mitigated)
            try shop.pass(30)
            #expect(shop.incidents[0].status == .resolved && shop.incidents.count == 1)
            #expect(shop.incidents[0].impact.ordersRefused == (name == .payment ? 180 : 0))
        }
    }

    @Test("it is called by what says most: that the service is dead, though failing calls were seen first")
    func title() throws {
        var shop = try shop()
        shop.failing = ["coupon"]
        try shop.pass(7)
        #expect(shop.open.map(\.title) == ["calls of order to coupon fail"])
        shop.conditions[.coupon] = .dead
        try shop.pass(7)
        #expect(shop.open.map(\.title) == ["coupon is dead"] && shop.incidents.count == 1)
    }

    @Test("two dependencies that break are two incidents")
    func twoFaults() throws {
        var shop = try shop()
        shop.openBreakers = ["coupon", "payment"]
        try shop.pass(30)
        #expect(shop.open.map(\.cause).sorted() == ["coupon", "payment"])
    }

    @Test("what showed at first where customers come in becomes the incident of what broke")
    func causeFoundLater() throws {
        var shop = try shop()
        shop.refused = 10
        try shop.pass(8)
        #expect(shop.open.map(\.cause) == ["order"] && shop.open[0].isCauseAssumed)
        shop.conditions[.inventory] = .frozen
        try shop.pass(10)
        #expect(shop.open.map(\.cause) == ["inventory"] && !shop.open[0].isCauseAssumed)
        #expect(shop.open[0].timeline.contains { $0.kind == .cause })
        #expect(shop.open[0].title == "inventory is frozen")
    }

    @Test("one that was over, and whose cause is found later, goes on again")
    func causeFoundOnceMitigated() throws {
        var shop = try shop()
        shop.refused = 10
        try shop.pass(8)
        shop.refused = 0
        try shop.pass(7)
        #expect(shop.open.map(\.status) == [.mitigated])
        shop.conditions[.inventory] = .frozen
        try shop.pass(8)
        #expect(shop.incidents.map(\.cause) == ["inventory"] && shop.open.map(\.status) == [.detected])
    }

    @Test("an overload is order's own, whatever its calls say then")
    func overload() throws {
        var shop = try shop()
        shop.shed = 40
        shop.refused = 40
        shop.failing = ["payment", "coupon"]
        shop.missing = ["coupon"]
        try shop.pass(30)
        #expect(shop.open.map(\.cause) == ["order"] && shop.open[0].priority == .p1)
    }

    @Test("a restart within its drain time, a deployment of all and a start are none")
    func restarts() throws {
        var shop = WatchedShop()
        for name in WatchedShop.names { shop.conditions[name] = .dead }
        try shop.pass(20)
        shop.conditions = [:]
        try shop.pass(60)
        for name in WatchedShop.names {
            shop.conditions[name] = .draining
            shop.openBreakers = [name.rawValue]
            try shop.pass(8)
            shop.conditions[name] = .dead
            try shop.pass(8)
            shop.conditions[name] = .starting
            try shop.pass(8)
            shop.conditions[name] = nil
            shop.openBreakers = []
            try shop.pass(5)
            // So fast that no look saw it drain.
            shop.conditions[name] = .dead
            try shop.pass(4)
            shop.conditions[name] = nil
            try shop.pass(10)
        }
        #expect(shop.incidents.isEmpty)
        shop.conditions[.payment] = .draining
        try shop.pass(3)
        shop.conditions[.payment] = .dead
        try shop.pass(45)
        #expect(shop.open.map(\.cause) == ["payment"], "it didn't come back")
    }

    @Test("a healthy hour has none, nor one with a call in twenty that fails")
    func healthyHour() throws {
        var shop = try shop()
        for minute in 0..<60 {
            shop.orders = minute % 2 == 0 ? 20 : 14
            shop.openBreakers = minute % 20 == 19 ? ["coupon"] : []
            try shop.pass(3)
            shop.openBreakers = []
            try shop.pass(57)
        }
        #expect(shop.incidents.isEmpty)
    }

    @Test("orders that fall to less than half of the minutes before are an incident, as long as they do")
    func fallen() throws {
        var shop = try shop()
        try shop.pass(360)
        shop.orders = 5
        try shop.pass(130)
        #expect(shop.open.map(\.cause) == ["order"])
        #expect(shop.open[0].symptoms.sorted() == ["orders-fallen", "payments-fallen"])
        try shop.pass(300)
        #expect(shop.open.count == 1 && shop.incidents.count == 1)
        shop.orders = 20
        try shop.pass(150)
        #expect(shop.open.isEmpty)
    }

    @Test("one that flaps stays one: it recurs, and reopens within two minutes; later it is another")
    func flapping() throws {
        var shop = try shop()
        for _ in 0..<5 {
            shop.openBreakers = ["coupon"]
            try shop.pass(8)
            shop.openBreakers = []
            try shop.pass(6)
        }
        #expect(shop.incidents.count == 1 && shop.incidents[0].status == .mitigated)
        try shop.pass(60)
        #expect(shop.incidents[0].status == .resolved)
        shop.openBreakers = ["coupon"]
        try shop.pass(20)
        #expect(shop.incidents.count == 1 && shop.incidents[0].status == .detected)
        #expect(shop.incidents[0].timeline.contains { $0.kind == .reopened })
        shop.openBreakers = []
        try shop.pass(200)
        shop.openBreakers = ["coupon"]
        try shop.pass(20)
        #expect(shop.incidents.count == 2)
    }

    @Test("an acknowledgement counts also once it is mitigated, and is no step back")
    func lateAcknowledgement() throws {
        var shop = try shop()
        shop.openBreakers = ["coupon"]
        try shop.pass(10)
        shop.openBreakers = []
        try shop.pass(8)
        let at = shop.at
        try shop.change(0) { try $0.acknowledge(by: "ada", at: at) }
        #expect(shop.incidents[0].status == .mitigated && shop.incidents[0].acknowledgedAt == at)
        shop.openBreakers = ["coupon"]
        try shop.pass(3)
        #expect(shop.incidents[0].status == .acknowledged)
    }

    @Test("one that was reviewed never reopens")
    func reviewed() throws {
        var shop = try shop()
        shop.openBreakers = ["coupon"]
        try shop.pass(10)
        shop.openBreakers = []
        try shop.pass(40)
        let at = shop.at
        try shop.change(0) { try $0.review(by: "ada", at: at) }
        shop.openBreakers = ["coupon"]
        try shop.pass(10)
        #expect(shop.incidents.map(\.status) == [.reviewed, .detected])
    }

    @Test("a console that starts in the midst of it neither ends it nor opens another")
    func restartedConsole() throws {
        var shop = try shop()
        shop.openBreakers = ["payment"]
        try shop.pass(20)
        shop.restartConsole()
        try shop.pass(60)
        #expect(shop.incidents.count == 1 && shop.incidents[0].status == .detected)
        shop.restartConsole()
        shop.openBreakers = []
        try shop.pass(20)
        #expect(shop.incidents[0].status == .detected, "it can't know yet")
        try shop.pass(40)
        #expect(shop.incidents[0].status == .resolved)
    }

    @Test("the last change before it stands first in the timeline")
    func lastChange() throws {
        var shop = try shop()
        func entry(_ text: String) -> Incident.Entry {
            Incident.Entry(at: shop.at, kind: .change, text: text, by: "console")
        }
        shop.changes = [entry("long ago")]
        try shop.pass(100)
        shop.changes.append(entry("just before"))
        shop.openBreakers = ["payment"]
        try shop.pass(10)
        shop.changes.append(entry("meanwhile"))
        try shop.pass(5)
        let incident = shop.incidents[0]
        #expect(incident.lastChange?.text == "just before" && incident.timeline.first == incident.lastChange)
        #expect(incident.timeline.filter { $0.kind == .change }.map(\.text) == ["just before", "meanwhile"])
    }

    @Test("whatever breaks and mends: one open incident a cause, times in order, and none left open")
    func property() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandomSource(seed: seed)
            var shop = try shop()
            for _ in 0..<40 {
                let name = WatchedShop.names.randomElement(using: &random) ?? .order
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    shop.conditions[name] = [.dead, .frozen, .silent, .draining].randomElement(using: &random)
                case 1: shop.openBreakers = name == .order ? [] : [name.rawValue]
                case 2: shop.refused = Double.random(in: 0...10, using: &random)
                case 3: shop.shed = Double.random(in: 0...5, using: &random)
                case 4: shop.missing = name == .order ? [] : [name.rawValue]
                default:
                    shop.conditions = [:]
                    shop.openBreakers = []
                    (shop.refused, shop.shed, shop.missing) = (0, 0, [])
                }
                for _ in 0..<Int.random(in: 1...40, using: &random) {
                    try shop.pass(1)
                    let causes = shop.open.map(\.cause)
                    #expect(Set(causes).count == causes.count, "seed \(seed)")
                }
            }
            shop.conditions = [:]
            shop.openBreakers = []
            (shop.refused, shop.shed, shop.missing) = (0, 0, [])
            try shop.pass(120)
            #expect(shop.open.isEmpty, "seed \(seed)")
            for incident in shop.incidents {
                let times = [
                    incident.startedAt, incident.detectedAt, incident.mitigatedAt, incident.resolvedAt,
                ]
                .compactMap { $0 }
                #expect(times == times.sorted() && times.count == 4, "seed \(seed)")
            }
        }
    }

    @Test("an alert joins the incident of its cause, late ones too; it opens one only where there is none")
    func alerts() throws {
        func alert(_ name: String, _ service: String, isEffect: Bool = false) -> Symptom {
            Symptom(
                kind: .alert, service: service, priority: .p2, text: name,
                alert: (name: name, isEffect: isEffect)
            )
        }
        var shop = try shop()
        shop.openBreakers = ["payment"]
        try shop.pass(10)
        let first = try shop.alert(alert("CriticalBreakerOpen", "payment"), since: shop.at)
        #expect(try shop.alert(alert("OrdersFallen", "order", isEffect: true), since: shop.at) == first)
        shop.openBreakers = []
        try shop.pass(60)
        #expect(try shop.alert(alert("DependencySlow", "payment"), since: shop.at) == first)
        #expect(try shop.alert(alert("OrderBudgetBurning", "order", isEffect: true), since: shop.at) == first)
        #expect(shop.incidents.count == 1 && shop.incidents[0].status == .resolved)
        #expect(try shop.alert(alert("MemoryHigh", "coupon"), since: shop.at) != first)
        #expect(shop.open.map(\.detectedBy) == ["alertmanager"])
    }
}
