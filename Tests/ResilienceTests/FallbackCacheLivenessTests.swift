import TestSupport
import Testing

@testable import Resilience

/// However it was used before: once the fetches under way have ended, the cache has all permits for refreshes
/// again, and holds no more than its capacity.
@Suite("A fallback cache, used and reconfigured at random", .timeLimit(.minutes(10)))
struct FallbackCacheLivenessTests {
    private struct Failed: Error {}

    private static func configuration(_ random: inout SeededRandomSource) -> FallbackCacheConfiguration {
        .init(
            maximumAge: .milliseconds(1 + random.upTo(2_000)), capacity: 1 + random.upTo(8),
            maximumRefreshes: 1 + random.upTo(3))
    }

    @Test("as many refreshes run as are allowed, and no value is given out that is too old")
    func refreshes() async throws {
        var random = SeededRandomSource("fallback cache under refreshes and reconfigurations")
        for round in 0..<100 {
            let time = ManualTime()
            let cache = try FallbackCache<Int, Int>(
                Self.configuration(&random), environment: PolicyEnvironment(time: time.source))
            var refreshes: [Task<Void, Never>] = []
            for step in 0..<100 {
                let key = random.upTo(6)
                switch random.upTo(20) {
                case ..<4: cache.store(step, for: key)
                case 4: cache.remove(key)
                case ..<10:
                    let (length, fails) = (Duration.milliseconds(1 + random.upTo(300)), random.upTo(4) == 0)
                    let context = CallContext(
                        deadline: .after(.milliseconds(random.upTo(400)), from: time.source.now()))
                    refreshes.append(
                        Task {
                            await cache.refresh(key, context: context) {
                                try await time.source.sleep(length)
                                if fails { throw Failed() }
                                return step
                            }
                        })
                case ..<12: refreshes.randomElement(using: &random)?.cancel()
                case ..<14: try cache.reconfigure(Self.configuration(&random))
                case ..<16: time.advance(by: .milliseconds(random.upTo(200)))
                default:
                    let numbers = cache.configuration
                    if let value = cache.lookup(key) { try #require(value.age <= numbers.maximumAge) }
                    try #require(cache.snapshot.entries <= numbers.capacity)
                }
            }
            // Each ends at its deadline at the latest, whenever its task began to wait.
            for refresh in refreshes { refresh.cancel() }
            for refresh in refreshes { await refresh.value }
            try await eventually { cache.snapshot.refreshing == 0 }
            let numbers = cache.configuration
            let begun = Watched(0)
            let last = (0..<numbers.maximumRefreshes).map { key in
                Task {
                    await cache.refresh(key) {
                        begun.update { $0 += 1 }
                        try await time.source.sleep(.seconds(1))
                        return -1
                    }
                }
            }
            await begun.until { $0 == numbers.maximumRefreshes }
            guard case .skipped = await cache.refresh(100, with: { -1 }) else {
                Issue.record(
                    "round \(round), seed \(random.seed): one refresh more than \(numbers.maximumRefreshes)")
                return
            }
            await time.sleepers(numbers.maximumRefreshes)
            time.advance(by: .seconds(1))
            for refresh in last {
                guard case .refreshed = await refresh.value else {
                    Issue.record("round \(round), seed \(random.seed): a refresh came to nothing")
                    return
                }
            }
            try await eventually { cache.snapshot.refreshing == 0 }
            // If there isn't room for all of them, the last stored ones stay, whichever these are.
            try #require((0..<numbers.maximumRefreshes).contains { cache.lookup($0)?.value == -1 })
            try #require(cache.snapshot.entries <= numbers.capacity)
        }
    }
}
