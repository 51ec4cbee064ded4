import Resilience
import TestSupport
import Testing

@testable import Transport

/// Which call gets a connection when all are taken.
@Suite("Connections to a host")
struct HostQueueTests {
    private let low = Priority(rank: 0)
    private let high = Priority(rank: 3)

    @Test("a lower priority takes three quarters of the connections, a higher one all of them")
    func reserve() {
        var queue = HostQueue(limit: 8)
        let begun = (1...8).filter { queue.enter($0, to: "a", low) }
        #expect(begun.count == 6 && queue.waitingCount == 2)
        let admitted = (9...11).map { queue.enter($0, to: "a", high) }
        #expect(admitted == [true, true, false])
        let elsewhere = queue.enter(12, to: "b", low)
        #expect(elsewhere, "another host has connections of its own")
    }

    @Test("the higher priority gets the first free connection; among equals the longest waiting")
    func order() {
        var queue = HostQueue(limit: 1)
        let begun = [(1, high), (2, low), (3, high), (4, high), (5, low)].map { queue.enter($0, to: "a", $1) }
        #expect(begun == [true, false, false, false, false])
        let second = queue.leave("a")
        queue.giveUp(4, to: "a")
        let rest = (0..<3).map { _ in queue.leave("a") }
        #expect(second == 3 && rest == [2, 5, nil] && queue.waitingCount == 0)
        let last = queue.enter(6, to: "a", low)
        #expect(last)
    }

    @Test(
        "every waiting call has its turn, and no more are under way than allowed, whatever the order")
    func everyCall() {
        var random = SeededRandomSource("host queue")
        var queue = HostQueue(limit: 4)
        var (underWay, waiting, last): ([UInt64: Bool], [UInt64: Bool], UInt64) = ([:], [:], 0)
        for _ in 0..<20_000 {
            switch random.upTo(3) {
            case 0:
                last += 1
                let isHigh = random.upTo(2) == 0
                if queue.enter(last, to: "a", isHigh ? high : low) {
                    underWay[last] = isHigh
                } else {
                    waiting[last] = isHigh
                }
            case 1:
                guard let ended = underWay.keys.min() else { break }
                underWay[ended] = nil
                guard let next = queue.leave("a") else { break }
                #expect(
                    waiting[next] == true || !waiting.values.contains(true), "before one of higher priority")
                underWay[next] = waiting.removeValue(forKey: next)
            default:
                guard let tired = waiting.keys.max() else { break }
                waiting[tired] = nil
                queue.giveUp(tired, to: "a")
            }
            #expect(
                underWay.count <= 4 && underWay.values.count { !$0 } <= 4
                    && queue.waitingCount == waiting.count)
            #expect(waiting.isEmpty || underWay.count >= 3, "a call waits beside a free connection")
        }
        while let ended = underWay.keys.min() {
            underWay[ended] = nil
            if let next = queue.leave("a") { underWay[next] = waiting.removeValue(forKey: next) }
        }
        #expect(waiting.isEmpty)
    }
}
