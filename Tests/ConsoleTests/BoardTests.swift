import Contracts
import Foundation
import Runtime
import Testing

@testable import ConsoleService
@testable import StackView

@Suite("The console's board")
struct BoardTests {
    private func snapshot(_ second: Double) -> ConsoleSnapshot {
        let at = Timestamp(milliseconds: 1_767_614_584_000).advanced(by: .seconds(second))
        var telling = Telling(mode: .protected, control: "csp")
        let dashboard = Dashboard(at: at, orders: nil, services: [], dependencies: [], events: [])
        return telling.snapshot(dashboard, telling.sentence(dashboard, degraded: []), degraded: [])
    }

    @Test("a follower gets the last snapshot at once, and then each new one")
    func follows() async throws {
        let board = Board()
        try board.publish(snapshot(1))
        var events = board.subscribe().makeAsyncIterator()
        let first = String(decoding: try #require(await events.next()), as: UTF8.self)
        #expect(first.hasPrefix("event: snapshot\nretry: 1000\ndata: {") && first.hasSuffix("}\n\n"))
        try board.publish(snapshot(2))
        let second = String(decoding: try #require(await events.next()), as: UTF8.self)
        #expect(second != first)
        board.close()
        #expect(await events.next() == nil)
        var late = board.subscribe().makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    @Test("one that doesn't read keeps one snapshot, the newest, and is dropped after ten")
    func dropped() async throws {
        let board = Board()
        let stream = board.subscribe()
        for second in 0..<20 { try board.publish(snapshot(Double(second))) }
        var kept: [Data] = []
        for await event in stream { kept.append(event) }
        #expect(kept.count == 1)
    }

    @Test("the history has ten minutes")
    func history() throws {
        let board = Board()
        for second in 0..<700 { try board.publish(snapshot(Double(second))) }
        #expect(board.history.count == 600)
    }
}
