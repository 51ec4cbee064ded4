import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Order and priority", .timeLimit(.minutes(10)))
struct LaneOrderTests {
    @Test("the highest priority comes first, among equals the longest due")
    func priorities() async throws {
        let bench = try QueueBench()
        for (key, priority) in [("low", 0), ("high", 3), ("middle", 2)] {
            try await bench.enqueue(key, priority: priority)
        }
        bench.time.advance(by: .seconds(1))
        try await bench.enqueue("later", priority: 3)
        try await bench.enqueue("not due", delay: .seconds(60), priority: 3)
        #expect(try await bench.claim(1).map(\.key) == ["high"])
        #expect(try await bench.claim(2).map(\.key) == ["later", "middle"])
        #expect(try await bench.claim().map(\.key) == ["low"])
        bench.store.close()
    }

    @Test(
        "ordered messages of one key come one at a time in the order of adding, whatever became due when"
    )
    func order() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("a", kind: "1", delay: .seconds(10), ordered: true)
        try await bench.enqueue("a", kind: "2", ordered: true)
        try await bench.enqueue("a", kind: "3", priority: 3, ordered: true)
        try await bench.enqueue("a", kind: "unordered")
        try await bench.enqueue("b", kind: "1", ordered: true)
        #expect(try await bench.claim().map(\.kind) == ["unordered", "1"])
        #expect(try await bench.queue.report().counts["2"] == [.delayed: 1])
        bench.time.advance(by: .seconds(10))
        for kind in ["1", "2", "3"] {
            let claimed = try await bench.claim()
            #expect(claimed.map(\.kind) == [kind] && claimed.map(\.key) == ["a"])
            // Postponed, it still blocks the others.
            #expect(try await bench.settle(claimed[0], .unavailable("down")))
            #expect(try await bench.claim().isEmpty)
            bench.time.advance(by: bench.policy.backoff.cap)
            let again = try await bench.claim()
            #expect(again.map(\.kind) == [kind])
            #expect(try await bench.settle(again[0], .done()))
        }
        bench.store.close()
    }

    @Test(
        "a removed or dead one gives up its turn; a redriven dead letter comes next, not at once"
    )
    func deadLetters() async throws {
        let bench = try QueueBench()
        for kind in ["1", "2", "3", "4"] { try await bench.enqueue("a", kind: kind, ordered: true) }
        try await bench.store.write { [queue = bench.queue] in try queue.remove($0, kind: "1", key: "a") }
        for _ in 1...bench.policy.tries {
            let claimed = try await bench.claim()
            #expect(claimed.map(\.kind) == ["2"])
            #expect(try await bench.settle(claimed[0], .refused("409")))
            if claimed[0].tries + 1 < bench.policy.tries { bench.time.advance(by: bench.policy.backoff.cap) }
        }
        let third = try await bench.claim()
        #expect(third.map(\.kind) == ["3"])
        #expect(try await bench.queue.redrive() == 1)
        #expect(try await bench.claim().isEmpty)
        #expect(try await bench.settle(third[0], .done()))
        #expect(try await bench.claim().map(\.kind) == ["2"])
        bench.store.close()
    }

    @Test(
        "a replaced ordered message goes to the end; expediting a blocked one makes it due in its turn"
    )
    func replacing() async throws {
        let bench = try QueueBench()
        for kind in ["1", "2"] {
            try await bench.enqueue("a", kind: kind, delay: .seconds(60), ordered: true)
        }
        try await bench.enqueue("a", kind: "1", ordered: true)
        try await bench.store.write { [queue = bench.queue] database in
            try queue.expedite(database, lane: "lane", kind: "1", key: "a")
        }
        #expect(try await bench.claim().isEmpty)
        try await bench.store.write { [queue = bench.queue] database in
            try queue.expedite(database, lane: "lane", kind: "2", key: "a")
        }
        let second = try await bench.claim()
        #expect(second.map(\.kind) == ["2"])
        #expect(try await bench.settle(second[0], .done()))
        #expect(try await bench.claim().map(\.kind) == ["1"])
        bench.store.close()
    }
}
