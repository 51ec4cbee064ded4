import TestSupport
import Testing

@testable import Resilience

@Suite("The allowance of each priority")
struct PriorityAllowanceTests {
    private let whole = SIMD4(32, 48, 57, 64)

    private func instant(_ milliseconds: Int) -> Instant { Instant(sinceOrigin: .milliseconds(milliseconds)) }

    /// A request of `rank` has to wait for so long.
    private func waited(_ rank: Int, _ milliseconds: Int) -> PriorityAllowance {
        var allowance = PriorityAllowance()
        for time in 0...milliseconds { allowance.hadToWait(rank, at: instant(time)) }
        return allowance
    }

    @Test(
        "while a higher rank waits, lower ones fall to one permit; it and the higher ones keep theirs"
    )
    func lower() {
        for rank in 0..<4 {
            let brief = waited(rank, 25).allowances(whole)
            let long = waited(rank, 500).allowances(whole)
            for other in 0..<4 {
                #expect(brief[other] == (other < rank ? whole[other] / 2 : whole[other]))
                #expect(long[other] == (other < rank ? 1 : whole[other]))
            }
        }
    }

    @Test("all of it comes back within two seconds, or at once after a quiet time as long")
    func back() {
        var busy = waited(3, 500)
        for time in 1...99 { busy.look(at: instant(500 + 20 * time)) }
        #expect(busy.allowances(whole)[0] < 32)
        for time in 100...102 { busy.look(at: instant(500 + 20 * time)) }
        #expect(busy.allowances(whole) == whole && busy.background == 1)
        var quiet = waited(3, 500)
        quiet.look(at: instant(520))
        quiet.look(at: instant(3000))
        #expect(quiet.allowances(whole) == whole)
    }

    @Test(
        "sheddable ranks are reduced when slow beside critical ones, not alone; critical ranks never"
    )
    func slow() {
        func after(_ rank: Int, _ latency: Int, beside critical: Bool = true) -> SIMD4<Int> {
            var allowance = PriorityAllowance()
            for time in 0...500 {
                if critical {
                    allowance.ended(3, after: .zero, allowed: .milliseconds(40), at: instant(time))
                }
                allowance.ended(
                    rank, after: .milliseconds(latency), allowed: .milliseconds(40), at: instant(time))
            }
            return allowance.allowances(whole)
        }
        for rank in 0..<4 {
            #expect(after(rank, 8) == whole)
            #expect(rank >= 2 || after(rank, 40, beside: false) == whole)
            #expect(after(rank, 24)[rank] == (rank < 2 ? 1 : whole[rank]))
        }
    }

    @Test(
        "background work keeps an eighth while a request waits, or requests take nearly all their time"
    )
    func background() {
        #expect(waited(0, 500).background == 0.125)
        for (latency, share) in [(20, 1.0), (36, 0.125)] {
            var allowance = PriorityAllowance()
            for time in 0...500 {
                allowance.ended(
                    3, after: .milliseconds(latency), allowed: .milliseconds(40), at: instant(time))
            }
            #expect(allowance.background == share)
        }
    }
}
