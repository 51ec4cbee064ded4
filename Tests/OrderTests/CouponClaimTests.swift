import Resilience
import TestSupport
import Testing

@testable import OrderService

@Suite("Whose turn a coupon is")
struct CouponClaimTests {
    private func turn(_ state: CouponClaim.State, _ others: [(String, CouponClaim.State)], limit: Int? = 1)
        -> CouponClaim.Turn
    {
        CouponClaim.turn(
            of: "2", state, among: others.map { CouponClaim(orderId: $0.0, state: $0.1) }, limit: limit)
    }

    @Test("if the limit has room for all, no order waits for another", arguments: CouponClaim.State.allCases)
    func room(other: CouponClaim.State) {
        for state in [CouponClaim.State.asked, .toRecord, .toRedeem] {
            #expect(turn(state, [("1", other)], limit: 2) == .redeem)
        }
    }

    @Test("redemptions of ended orders are released before anything is redeemed")
    func release() {
        for state in [CouponClaim.State.asked, .toRecord, .toRedeem] {
            #expect(turn(state, [("1", .toRecord), ("3", .toRelease)]) == .release(orderId: "3"))
        }
    }

    @Test("given discounts are recorded before new ones are given")
    func recordedFirst() {
        #expect(turn(.toRedeem, [("1", .toRedeem), ("3", .toRecord)]) == .makeGood(orderId: "3"))
        #expect(turn(.asked, [("1", .toRedeem), ("3", .toRecord)]) == .makeGood(orderId: "3"))
        #expect(turn(.toRecord, [("1", .toRedeem), ("1", .estimated), ("3", .toRecord)]) == .redeem)
    }

    @Test("of two skipped claims the older comes first, and a new order last")
    func age() {
        #expect(turn(.toRedeem, [("1", .toRedeem)]) == .makeGood(orderId: "1"))
        #expect(turn(.toRedeem, [("3", .toRedeem)]) == .redeem)
        #expect(turn(.asked, [("1", .toRedeem)]) == .makeGood(orderId: "1"))
        // Its refund is already promised, although its order is younger.
        #expect(turn(.asked, [("3", .toRedeem)]) == .makeGood(orderId: "3"))
        #expect(turn(.asked, [("3", .owed)]) == .wait)
    }

    @Test("a claim waits for an order that may still take or release the use")
    func waiting() {
        for other in [CouponClaim.State.asked, .estimated, .owed] {
            #expect(turn(.asked, [("1", other)]) == .wait)
        }
        for other in [CouponClaim.State.asked, .estimated, .owed, .held] {
            #expect(turn(.toRedeem, [("1", other)]) == .wait)
        }
        // Also when an older promise would come first.
        for other in [CouponClaim.State.estimated, .held] {
            #expect(turn(.toRedeem, [("1", .toRedeem), ("3", other)]) == .wait)
            #expect(turn(.asked, [("1", .toRedeem), ("3", other)]) == .wait)
        }
        // A waiting customer gets the current answer: coupon says that it is used up.
        #expect(turn(.asked, [("1", .held)]) == .redeem)
    }

    @Test("if the limit is used up for good, no claim waits")
    func usedUp() {
        for other in CouponClaim.State.allCases {
            #expect(turn(.asked, [("1", .given), ("3", other)]) == .redeem)
        }
        // Coupon doesn't count a discount that it refused: there may be room.
        #expect(turn(.toRedeem, [("1", .lost), ("3", .asked)]) == .wait)
    }

    @Test("without a known limit a claim waits for every unsettled one")
    func unknownLimit() {
        #expect(turn(.asked, [("1", .given)], limit: nil) == .redeem)
        #expect(turn(.asked, [("1", .estimated)], limit: nil) == .wait)
        #expect(turn(.toRedeem, [("1", .toRelease)], limit: nil) == .release(orderId: "1"))
    }
}

@Suite("Turns of a customer's orders", .timeLimit(.minutes(10)))
struct CouponTurnsTests {
    private let time = ManualTime()
    private let key = CustomerCoupon(code: "C", customerId: "H")

    @Test("one at a time, in order of arrival, and other keys concurrently")
    func order() async {
        let turns = CouponTurns(time: time.source)
        let (gate, ran) = (Watched(false), Recorded<String>())
        await withTaskGroup(of: Void.self) { group in
            let begun = Watched(false)
            group.addTask {
                _ = await turns.take(key, for: "1") {
                    begun.update { $0 = true }
                    await gate.until { $0 }
                    ran.add("1")
                }
            }
            await begun.until { $0 }
            _ = await turns.take(.init(code: "C", customerId: "other"), for: "9") { ran.add("9") }
            for id in ["2", "3"] {
                group.addTask {
                    _ = await turns.take(key, for: id, until: .after(.seconds(9), from: time.source.now())) {
                        ran.add(id)
                    }
                }
                await time.sleepers(id == "2" ? 1 : 2)
            }
            gate.update { $0 = true }
        }
        #expect(ran.all == ["9", "1", "2", "3"])
    }

    @Test("a turn that times out is skipped, and the next one comes")
    func late() async {
        let turns = CouponTurns(time: time.source)
        let (gate, begun) = (Watched(false), Watched(false))
        async let first: Void? = turns.take(key, for: "1") {
            begun.update { $0 = true }
            await gate.until { $0 }
        }
        await begun.until { $0 }
        async let late: Bool? = turns.take(key, for: "2", until: .after(.seconds(1), from: time.source.now()))
        { true }
        await time.sleepers(1)
        async let patient: Bool? = turns.take(
            key, for: "3", until: .after(.seconds(9), from: time.source.now())
        ) { true }
        await time.sleepers(2)
        time.advance(by: .seconds(1))
        #expect(await late == nil)
        gate.update { $0 = true }
        #expect(await patient == true)
        _ = await first
        let last: Bool? = await turns.take(key, for: "4") { true }
        #expect(last == true)
    }

    @Test("a newcomer stays one until its turn comes")
    func newcomer() async {
        let turns = CouponTurns(time: time.source)
        turns.expect("1")
        #expect(turns.isNewcomer("1"))
        await turns.take(key, for: "1") { #expect(!turns.isNewcomer("1")) }
        turns.expect("2")
        turns.leave("2")
        #expect(!turns.isNewcomer("2"))
    }
}
