import Contracts

/// Random baskets of a journey, the same sequence for the same seed, each for a customer of its own.
struct BasketSource {
    private let plain: [Basket]
    private let withCoupon: [Basket]
    private let couponShare: Double
    /// Prefix of each customer's id, so that no coupon's limit per customer applies across runs.
    private let run: String
    private var random: SeededGenerator
    private var count = 0

    /// - Parameter couponShare: percent of the baskets that carry a coupon, 0 to 100.
    init(_ journey: [Basket], couponShare: Double, seed: UInt64, run: String) {
        plain = journey
        withCoupon = journey.filter { $0.couponCode != nil }
        self.couponShare = withCoupon.isEmpty ? 0 : couponShare
        self.run = run
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> Basket {
        count += 1
        let carriesCoupon = Double.random(in: 0..<100, using: &random) < couponShare
        let baskets = carriesCoupon ? withCoupon : plain
        var basket = baskets[Int.random(in: baskets.indices, using: &random)]
        basket.customerId = "load-\(run)-\(count)"
        if !carriesCoupon { basket.couponCode = nil }
        return basket
    }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
