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
