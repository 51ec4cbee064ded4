/// The source of all random numbers: no policy draws one elsewhere, so that tests can repeat every draw.
public struct RandomSource: Sendable {
    /// 64 random bits. Called from any thread.
    public var next: @Sendable () -> UInt64

    /// - Parameter next: 64 uniformly random bits at each call, from any thread.
    public init(next: @escaping @Sendable () -> UInt64) { self.next = next }

    /// The system's own generator.
    public static let system = RandomSource { UInt64.random(in: .min ... .max) }

    /// The same numbers in the same order for the same seed: SplitMix64 (Steele, Lea and Flood, 2014).
    public static func seeded(_ seed: UInt64) -> RandomSource {
        let generator = SeededGenerator(seed)
        return RandomSource { generator.next() }
    }

    /// In `0 ..< 1`.
    public func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// In `range`, uniformly.
    public func duration(in range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }
}

private final class SeededGenerator: Sendable {
    private let state: Locked<UInt64>

    init(_ seed: UInt64) { state = Locked(seed) }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
