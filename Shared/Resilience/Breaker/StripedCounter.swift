import Synchronization

/// Successes of a closed breaker, counted by several threads without contention: each adds to a cache line
/// that it mostly has for itself, and a transition under the breaker's lock collects them.
///
/// Each stripe is one word: the breaker's generation above, the count below. A success of an earlier
/// generation finds another one there and isn't counted.
struct StripedCounter: ~Copyable, Sendable {
    /// A word alone on its cache line, and on the adjacent one that the processor prefetches.
    struct Stripe: ~Copyable, Sendable {
        let word: Atomic<UInt64>
        private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
        private let morePadding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
            0, 0, 0, 0, 0, 0, 0, 0
        )

        init(generation: UInt32) { word = Atomic(UInt64(generation) << 32) }
    }

    private let first, second, third, fourth, fifth, sixth, seventh, eighth: Stripe

    init(generation: UInt32) {
        first = Stripe(generation: generation)
        second = Stripe(generation: generation)
        third = Stripe(generation: generation)
        fourth = Stripe(generation: generation)
        fifth = Stripe(generation: generation)
        sixth = Stripe(generation: generation)
        seventh = Stripe(generation: generation)
        eighth = Stripe(generation: generation)
    }

    /// False if the generation is over, or the stripe is full.
    func count(generation: UInt32) -> Bool {
        switch Self.stripeOfThisThread() {
        case 0: Self.count(first, generation)
        case 1: Self.count(second, generation)
        case 2: Self.count(third, generation)
        case 3: Self.count(fourth, generation)
        case 4: Self.count(fifth, generation)
        case 5: Self.count(sixth, generation)
        case 6: Self.count(seventh, generation)
        default: Self.count(eighth, generation)
        }
    }

    /// Takes what has been counted and begins `generation`. Call with the breaker's lock held.
    func collect(beginning generation: UInt32) -> Int {
        let empty = UInt64(generation) << 32
        var sum: UInt64 = 0
        sum += first.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += second.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += third.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += fourth.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += fifth.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += sixth.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += seventh.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        sum += eighth.word.exchange(empty, ordering: .relaxed) & 0xffff_ffff
        return Int(sum)
    }

    private static func count(_ stripe: borrowing Stripe, _ generation: UInt32) -> Bool {
        var word = stripe.word.load(ordering: .relaxed)
        while UInt32(truncatingIfNeeded: word >> 32) == generation, UInt32(truncatingIfNeeded: word) < .max {
            let (isExchanged, found) = stripe.word.weakCompareExchange(
                expected: word, desired: word + 1, ordering: .relaxed)
            if isExchanged { return true }
            word = found
        }
        return false
    }

    /// Threads' stacks lie side by side, 8 MiB or 512 KiB apart: the address of a local variable
    /// distinguishes threads at less cost than asking for the thread's id.
    @inline(never)
    private static func stripeOfThisThread() -> UInt {
        var onTheStack: UInt8 = 0
        return withUnsafeMutablePointer(to: &onTheStack) { pointer in
            let address = UInt(bitPattern: pointer)
            return ((address >> 23) &+ (address >> 19)) & 7
        }
    }
}
