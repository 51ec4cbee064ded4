import Foundation
import Resilience
import TestSupport
import Testing

@testable import Queue

@Suite("Lane plan")
struct LanePlanTests {
    private let policy = QueueWorkers.Policy()
    private let start = ContinuousClock.now

    private func message(_ id: Int64, attempt: Int64 = 1) -> Message {
        Message(
            id: id, kind: "kind", key: "\(id)", payload: Data(), failures: 0, tries: 0, createdAt: 0,
            priority: 0,
            isOrdered: false, owner: 1, attempt: attempt)
    }

    /// A plan that has claimed `ids` in its first round.
    private func plan(claimed ids: ClosedRange<Int64>, concurrency: Int, untilNext: Duration? = nil)
        -> LanePlan
    {
        var plan = LanePlan(concurrency: concurrency, policy: policy, now: start)
        let round = LanePlan.Round(claimed: ids.map { message($0) }, untilNext: untilNext)
        plan.written(round, begun: start, limit: concurrency, now: start)
        return plan
    }

    private func finish(
        _ plan: inout LanePlan, _ id: Int64, _ result: DeliveryResult = .done(), after: Duration = .zero
    ) {
        var random = SystemRandomNumberGenerator()
        plan.finish(
            LanePlan.Delivery(message: message(id), result: result), at: start + after, random: &random)
    }

    @Test(
        "it claims at once; without messages it waits for the wake signal, or until the next one is due"
    )
    func beginning() {
        var plan = LanePlan(concurrency: 4, policy: policy, now: start)
        #expect(
            plan.nextRound(now: start, isStopping: false) == start
                && plan.limit(now: start, isStopping: false) == 4)
        plan.written(LanePlan.Round(), begun: start, limit: 4, now: start)
        #expect(plan.nextRound(now: start, isStopping: false) == nil)
        plan.woken(at: start + .seconds(5))
        #expect(plan.nextRound(now: start, isStopping: false) == start + .seconds(5))
        plan.written(LanePlan.Round(untilNext: .seconds(60)), begun: start, limit: 4, now: start)
        #expect(plan.nextRound(now: start, isStopping: false) == start + .seconds(60))
    }

    @Test(
        "beside requests the share grows with the longest wait; after two minutes messages come first"
    )
    func overdue() {
        for (seconds, limit) in [(0.0, 1), (6, 1), (30, 2), (60, 8), (90, 18), (120, 32), (600, 32)] {
            var plan = LanePlan(concurrency: 32, policy: policy, now: start - .seconds(3600))
            plan.leave(0)
            plan.written(LanePlan.Round(untilNext: .seconds(-seconds)), begun: start, limit: 1, now: start)
            #expect(plan.limit(now: start, isStopping: false) == limit)
        }
        var plan = LanePlan(concurrency: 32, policy: policy, now: start - .seconds(3600))
        plan.leave(0.5)
        plan.written(LanePlan.Round(untilNext: .seconds(-6)), begun: start, limit: 16, now: start)
        #expect(plan.limit(now: start, isStopping: false) == 16)
        plan.written(LanePlan.Round(), begun: start, limit: 16, now: start)
        plan.leave(0)
        #expect(plan.limit(now: start, isStopping: false) == 1)
    }

    @Test(
        "messages of an outage are no more urgent than later ones: their wait counts from its end"
    )
    func overdueAfterAnOutage() {
        var plan = plan(claimed: 1...2, concurrency: 2)
        for id in 1...2 as ClosedRange<Int64> {
            finish(&plan, id, .unavailable("gone"), after: .seconds(300))
        }
        plan.leave(0)
        let back = start + .seconds(312)
        plan.written(LanePlan.Round(untilNext: .seconds(-300)), begun: back, limit: 1, now: back)
        #expect(abs(plan.window.share - 0.01) < 0.0001)
    }

    @Test("a full window claims nothing, and a free slot is filled after the claim interval")
    func sliding() {
        var plan = plan(claimed: 1...4, concurrency: 4)
        #expect(plan.limit(now: start, isStopping: false) == 0)
        #expect(plan.nextRound(now: start, isStopping: false) == start + policy.lease / 3)
        finish(&plan, 2)
        #expect(plan.nextRound(now: start, isStopping: false) == start + policy.claimInterval)
        #expect(plan.limit(now: start, isStopping: false) == 1)
        #expect(plan.finished.map(\.message.id) == [2])
    }

    @Test("a round that did nothing but settle lets what is committed next be claimed at once")
    func idle() {
        var plan = plan(claimed: 1...1, concurrency: 4)
        finish(&plan, 1)
        let later = start + policy.claimInterval
        plan.written(LanePlan.Round(), begun: later, limit: 4, now: later)
        plan.woken(at: later + .milliseconds(1))
        #expect(plan.nextRound(now: later, isStopping: false) == later + .milliseconds(1))
    }

    @Test(
        "leases are extended every third of their length during delivery, lost ones no more"
    )
    func extending() {
        var plan = plan(claimed: 1...2, concurrency: 2)
        let beat = start + policy.lease / 3
        #expect(plan.leasesToExtend(now: beat - .milliseconds(1)).isEmpty)
        #expect(Set(plan.leasesToExtend(now: beat).map(\.id)) == [1, 2])
        plan.written(LanePlan.Round(lost: [message(1).lease]), begun: beat, limit: 0, now: beat)
        #expect(plan.nextRound(now: beat, isStopping: false) == beat + policy.lease / 3)
        #expect(plan.leasesToExtend(now: beat + policy.lease / 3).map(\.id) == [2])
        // A lost message keeps its slot until its delivery ends, and isn't settled.
        #expect(plan.limit(now: beat, isStopping: false) == 0)
        finish(&plan, 1)
        #expect(plan.finished.isEmpty && plan.limit(now: beat, isStopping: false) == 1)
    }

    @Test("a destination taken for dead pauses the claims, not the settlements")
    func pausing() throws {
        var plan = plan(claimed: 1...2, concurrency: 2)
        finish(&plan, 1, .unavailable("down"))
        finish(&plan, 2, .unavailable("down"))
        #expect(plan.limit(now: start, isStopping: false) == 0)
        #expect(plan.nextRound(now: start, isStopping: false) == start + policy.claimInterval)
        plan.written(LanePlan.Round(), begun: start, limit: 0, now: start)
        let next = try #require(plan.nextRound(now: start, isStopping: false))
        #expect(next >= start + policy.backoff.floor && next <= start + policy.backoff.base)
        #expect(plan.limit(now: next, isStopping: false) == 1)
    }

    @Test(
        "a failed write is repeated a second later; when the process stops, its messages stay leased"
    )
    func failing() {
        var plan = plan(claimed: 1...1, concurrency: 1)
        finish(&plan, 1)
        plan.failed(now: start, isStopping: false)
        #expect(
            plan.nextRound(now: start, isStopping: false) == start + .seconds(1) && plan.finished.count == 1)
        plan.failed(now: start, isStopping: true)
        #expect(plan.isEmpty)
    }

    @Test("a plan that stops claims nothing, and settles at once")
    func stopping() {
        var plan = plan(claimed: 1...1, concurrency: 4)
        #expect(plan.limit(now: start, isStopping: true) == 0)
        #expect(plan.nextRound(now: start, isStopping: true) == start + policy.lease / 3)
        finish(&plan, 1)
        #expect(plan.nextRound(now: start, isStopping: true) == start)
    }
}
