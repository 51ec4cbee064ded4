import Contracts
import Foundation
import Testing

@Suite("Wire values")
struct WireTests {
    @Test("times are RFC 3339 with milliseconds, in UTC, and read back as they were")
    func timestamps() throws {
        let time = Timestamp(milliseconds: 1_767_614_400_123)
        #expect(time.description == "2026-01-05T12:00:00.123Z")
        #expect(Timestamp("2026-01-05T12:00:00.123Z") == time)
        #expect(Timestamp("2026-01-05T12:00:00Z") == Timestamp(milliseconds: 1_767_614_400_000))
        #expect(Timestamp("yesterday") == nil)
        for _ in 0..<1000 {
            let random = Timestamp(milliseconds: .random(in: 0...4_000_000_000_000))
            #expect(Timestamp(random.description) == random)
        }
    }

    @Test("fields that are always there are written as null, and read when left out")
    func nullable() throws {
        let degradation = Degradation(
            dependency: "coupon", effect: .couponSkipped, source: .none, reason: "timeout",
            repair: .refundLater)
        let text = String(decoding: try JSON.encode(degradation), as: UTF8.self)
        #expect(text.contains(#""outcome":null"#))
        let page = try JSON.decode(Page<String>.self, from: Data(#"{"items":["a"]}"#.utf8))
        #expect(page.nextCursor == nil)
        #expect(String(decoding: try JSON.encode(page), as: UTF8.self).contains(#""nextCursor":null"#))
    }

    @Test("ids carry their prefix, sort by their time and don't repeat")
    func identifiers() {
        let early = Identifier.make("ord_", at: Timestamp(milliseconds: 1_000))
        let late = Identifier.make("ord_", at: Timestamp(milliseconds: 1_001))
        #expect(early.hasPrefix("ord_") && early.count == 30 && early < late)
        let first = Identifier.first("ord_", at: Timestamp(milliseconds: 1_001))
        #expect(early < first && first < late && late.hasPrefix(first))
        let many = Set((0..<10_000).map { _ in Identifier.make("x", at: Timestamp(milliseconds: 5)) })
        #expect(many.count == 10_000)
    }
}
