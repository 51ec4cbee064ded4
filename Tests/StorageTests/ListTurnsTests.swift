import Resilience
import TestSupport
import Testing

@testable import Storage

@Suite("Lists take turns and rest")
struct ListTurnsTests {
    @Test("after a list the next waits for as long as that took", arguments: [1, 30, 1000])
    func rests(milliseconds: Int) async throws {
        let time = ManualTime()
        let turns = ListTurns(time: time.source)
        try await turns.list { time.advance(by: .milliseconds(milliseconds)) }
        async let next: Duration = turns.list { time.elapsed }
        await time.sleepers(1)
        time.advance(by: .milliseconds(milliseconds) - .microseconds(1))
        // It still sleeps.
        await time.sleepers(1)
        time.advance(by: .microseconds(1))
        #expect(try await next == .milliseconds(2 * milliseconds))
    }

    @Test("a list that comes when the rest is over begins at once")
    func rested() async throws {
        let time = ManualTime()
        let turns = ListTurns(time: time.source)
        try await turns.list { time.advance(by: .milliseconds(30)) }
        time.advance(by: .milliseconds(30))
        // Nothing advances the time: one that slept would never end.
        #expect(try await turns.list { time.elapsed } == .milliseconds(60))
    }

    @Test("one that is cancelled in the rest lets the next have its turn")
    func cancelled() async throws {
        let time = ManualTime()
        let turns = ListTurns(time: time.source)
        try await turns.list { time.advance(by: .milliseconds(30)) }
        let first = Task { try await turns.list { 1 } }
        await time.sleepers(1)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        time.advance(by: .milliseconds(30))
        #expect(try await turns.list { 2 } == 2)
    }

    @Test("a list that fails rests as well")
    func failed() async throws {
        struct Failed: Error {}
        let time = ManualTime()
        let turns = ListTurns(time: time.source)
        await #expect(throws: Failed.self) {
            try await turns.list {
                time.advance(by: .milliseconds(30))
                throw Failed()
            }
        }
        async let next: Duration = turns.list { time.elapsed }
        await time.sleepers(1)
        time.advance(by: .milliseconds(30))
        #expect(try await next == .milliseconds(60))
    }
}
