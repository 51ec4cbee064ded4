/// The active set of faults and its counts, without clock, lock or wait.
struct FaultsState {
    struct Active {
        let fault: Fault
        let expires: ContinuousClock.Instant
        var random: SplitMix64
        var considered = 0
        var bitten = 0
        /// Calls that it holds.
        var running = 0
    }

    /// What is injected into a call, and what to give back when the call is over.
    struct Decision {
        let generation: UInt64
        var indices: [Int] = []
        var before: [FaultBite] = []
        var after: [FaultBite] = []
    }

    private(set) var faults: [Active] = []
    private var generation: UInt64 = 0

    /// Replaces the active faults by `set`. Every fault has a random source of its own: which calls one of
    /// them bites is independent of the others.
    mutating func replace(with set: [Fault], now: ContinuousClock.Instant, seed: () -> UInt64) {
        generation += 1
        faults = set.map { fault in
            var fault = fault
            let seed = fault.seed ?? seed()
            // Kept, so that the snapshot shows it and the draws can be repeated.
            fault.seed = seed
            return Active(
                fault: fault, expires: now.advanced(by: fault.expiresIn), random: SplitMix64(state: seed))
        }
    }

    func isOver(_ now: ContinuousClock.Instant) -> Bool { faults.allSatisfy { $0.expires <= now } }

    /// Decides about one call. Faults apply in the order in which they were listed, those before the work
    /// first; a final one ends the list.
    mutating func decide(_ route: String, _ priority: Priority?, now: ContinuousClock.Instant) -> Decision? {
        var decision = Decision(generation: generation)
        for phase in Fault.Phase.allCases {
            for index in faults.indices where faults[index].fault.when == phase {
                guard let bite = faults[index].consider(route, priority, now) else { continue }
                decision.indices.append(index)
                if phase == .before { decision.before.append(bite) } else { decision.after.append(bite) }
                if bite.isFinal { return decision }
            }
        }
        return decision.indices.isEmpty ? nil : decision
    }

    /// A call that was bitten is over.
    mutating func end(_ decision: Decision) {
        guard decision.generation == generation else { return }
        for index in decision.indices { faults[index].running -= 1 }
    }
}

extension FaultsState.Active {
    mutating func consider(_ route: String, _ priority: Priority?, _ now: ContinuousClock.Instant)
        -> FaultBite?
    {
        guard now < expires, fault.route == nil || fault.route == route,
            fault.priority == nil || fault.priority == priority
        else { return nil }
        considered += 1
        // Always two draws, so that a seed names the same calls however many are under way.
        let (share, shift) = (random.unit(), random.unit())
        guard share * 100 < fault.percent, running < fault.atMost ?? .max else { return nil }
        bitten += 1
        running += 1
        let delay = fault.delay + fault.jitter * (2 * shift - 1)
        return FaultBite(kind: fault.kind, delay: max(.zero, delay), status: fault.status, draw: shift)
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), as a plain value.
struct SplitMix64 {
    var state: UInt64

    /// In `0 ..< 1`.
    mutating func unit() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }
}
