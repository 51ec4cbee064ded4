import TestSupport
import Testing

@testable import Resilience

@Suite("Shedder, overloaded in virtual time")
struct ShedderOverloadTests {
    @Test func explore() throws {
        for (workers, mean) in [(1, 0.0005), (2, 0.001), (4, 0.004), (16, 0.02), (2, 0.01)] {
            for spread in [Spread.even, .exponential, .heavy] {
                var service = ShedderSimulation(workers: workers, work: [mean], spread: spread, "explore")
                let capacity = service.capacity()
                func orders(_ x: Double) -> [ShedderSimulation.Stream] { [.init(rank: 3, rate: x * capacity)] }
                _ = service.run(orders(0.5), for: 5)
                let calm = service.run(orders(0.7), for: 10)
                let usual = calm.percentile(0.99)
                print("== \(workers) x \(mean) \(spread): 0.7: p99 \(Int(usual*1e4)) e-4, limit \(service.state.limit) share \(calm.share)")
                for times in [2.0, 5, 10] {
                    let busy = service.run(orders(times), for: 4)
                    let limit = service.state.limit
                    let after = service.run(orders(0.7), for: 4)
                    func good(_ a: Double, _ b: Double) -> Int {
                        let t = busy.first?.arrival ?? 0
                        return Int(Double(busy.filter { $0.isServed && $0.end >= t + a && $0.end < t + b }.count) / (b - a) / capacity * 100)
                    }
                    let late = busy.filter { $0.arrival > (busy.first?.arrival ?? 0) + 0.3 }
                    print("  \(times)x: goodput 0-0.3: \(good(0, 0.3)) 0.3-1: \(good(0.3,1)) 1-4: \(good(1,4)); p50 \(Int(late.percentile(0.5)*1e4)) p99 \(Int(late.percentile(0.99)*1e4)) = \(late.percentile(0.99)/usual) x; limit \(limit); after: share \(after.share) limit \(service.state.limit)")
                }
            }
        }
    }
}
