import Foundation
import Resilience

/// A reproducible random source.
package struct SeededRandomSource: RandomNumberGenerator {
    package let seed: UInt64
    private let source: RandomSource

    package init(seed: UInt64) {
        self.seed = seed
        source = .seeded(seed)
    }

    /// Another seed each time, which it prints; or that of `CSP_SEED`, where that is set.
    ///
    /// - Parameter purpose: names the run in the output.
    package init(_ purpose: String) {
        self.init(
            seed: ProcessInfo.processInfo.environment["CSP_SEED"].flatMap(UInt64.init)
                ?? .random(in: 0...UInt64(UInt32.max)))
        print("\(purpose): CSP_SEED=\(seed)")
    }

    package mutating func next() -> UInt64 { source.next() }

    /// In `0 ..< bound`.
    package mutating func upTo(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// In `0 ..< 1`.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// By von Neumann's method of comparisons (1951), which needs no logarithm.
    package mutating func exponential(mean: Double) -> Double {
        var whole = 0.0
        while true {
            let first = unit()
            var last = first
            var isEven = true
            while true {
                let next = unit()
                if next > last { break }
                last = next
                isEven.toggle()
            }
            if isEven { return mean * (whole + first) }
            whole += 1
        }
    }
}
