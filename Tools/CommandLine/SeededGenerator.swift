import Resilience

/// The same numbers in the same order for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private let source: RandomSource

    init(seed: UInt64) { source = .seeded(seed) }

    mutating func next() -> UInt64 { source.next() }
}
