import TestSupport
import Testing

@testable import Queue

@Suite("Lane window")
struct LaneWindowTests {
    /// A window that was taken for dead.
    private func dead(concurrency: Int) -> LaneWindow {
        var window = LaneWindow(concurrency: concurrency)
        for number in 1...concurrency {
            let isDead = window.unanswered(era: 0)
            #expect(isDead == (number == concurrency))
        }
        return window
    }

    @Test(
        "as many failures in a row as it is wide close it to one; an answer between them prevents that"
    )
    func closing() {
        var window = LaneWindow(concurrency: 4)
        for _ in 0..<100 {
            for _ in 0..<3 {
                let isDead = window.unanswered(era: 0)
                #expect(!isDead)
            }
            window.answered(era: 0)
        }
        #expect(window.size == 4)
        #expect(dead(concurrency: 4).size == 1)
    }

    @Test("with a share of the concurrency, that part of it is in delivery, and one message in any case")
    func share() {
        var window = LaneWindow(concurrency: 32)
        for (share, room) in [(1.0, 32), (0.5, 16), (0.125, 4), (0.01, 1), (0, 1), (-1, 1), (2, 32)] {
            window.share = share
            #expect(window.room(besides: 0) == room)
            #expect(window.room(besides: room) == 0)
        }
    }

    @Test("it opens 1, 2, 4, … to the concurrency, each time after as many answers as it is wide")
    func opening() {
        var window = dead(concurrency: 10)
        var sizes: [Int] = []
        for _ in 0..<16 {
            window.answered(era: window.era)
            sizes.append(window.size)
        }
        #expect(sizes == [2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 10, 10])
    }

    @Test("each probe that fails is another death, and an answer forgets them")
    func deaths() {
        var window = dead(concurrency: 4)
        for count in 2...5 {
            let isDead = window.unanswered(era: window.era)
            #expect(isDead && window.deaths == count)
        }
        window.answered(era: window.era)
        #expect(window.deaths == 0)
    }

    @Test("stragglers of an earlier era neither open it nor count as another death")
    func stragglers() {
        var window = dead(concurrency: 4)
        let isDead = window.unanswered(era: 0)
        window.answered(era: 0)
        #expect(!isDead)
        #expect(window.size == 1 && window.deaths == 1)
        #expect(window.room(besides: 3) == 0)
    }

    @Test("whatever comes, it is between one and the concurrency, at most doubles, and closes only to one")
    func random() {
        var random = SeededRandomSource("lane window")
        for _ in 0..<200 {
            var window = LaneWindow(concurrency: 1 + random.upTo(40))
            var isUp = true
            for _ in 0..<500 {
                if random.upTo(30) == 0 { isUp.toggle() }
                let before = window
                let era = random.upTo(5) == 0 ? max(0, window.era - 1) : window.era
                let isCurrent = era == window.era
                if isUp {
                    window.answered(era: era)
                    #expect(window.size >= before.size && window.size <= 2 * before.size)
                    #expect(window.era == before.era && window.deaths == (isCurrent ? 0 : before.deaths))
                } else {
                    let isDead = window.unanswered(era: era)
                    #expect(window.size == (isDead ? 1 : before.size))
                    #expect(
                        window.era - before.era == (isDead ? 1 : 0)
                            && window.deaths - before.deaths == (isDead ? 1 : 0))
                    #expect(isCurrent || !isDead)
                }
                #expect((1...window.concurrency).contains(window.size))
                let inDelivery = random.upTo(50)
                #expect(window.room(besides: inDelivery) == max(0, window.size - inDelivery))
            }
            // A destination that stays up gets the full width in the end.
            for _ in 0..<(2 * window.concurrency) { window.answered(era: window.era) }
            #expect(window.size == window.concurrency)
        }
    }
}
