import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// Kills every service at each of its named places and restarts it. Once the queues are empty the audit is
/// clean, and every customer who repeated a key has one order.
///
/// The places are not listed: a journey records those that it passes, and one that begins with a death adds
/// those of recovery. So a new commit, call or answer is found without a change here.
@Suite("Crash points", .timeLimit(.minutes(20)), .serialized)
struct CrashPointTests {
    /// Passed about once in the life of a data folder, so each gets its own folder.
    private static let early = [
        CrashPlace(service: "coupon", name: "before commit seeds"),
        CrashPlace(service: "coupon", name: "after commit seeds"),
        CrashPlace(service: "inventory", name: "before commit seeds"),
        CrashPlace(service: "inventory", name: "after commit seeds"),
        CrashPlace(service: "order", name: "before commit last known"),
        CrashPlace(service: "order", name: "after commit last known"),
    ]

    @Test("killed at any place, a service recovers, and nothing is lost or done twice")
    func everywhere() async throws {
        try await withJourney { journey in
            let start = ContinuousClock.now
            let early = Set(Self.early)
            let direct = try await journey.run(dyingAt: [], round: "0").passed.subtracting(early)
            var passed = direct.union(early)
            // Places of recovery are reached by dying elsewhere first.
            var ways: [CrashPlace: [CrashPlace]] = [:]
            for (number, place) in direct.sorted().enumerated() {
                let run = try await journey.run(dyingAt: [place], round: "\(number + 1)")
                #expect(run.deaths == 1, "no journey came to \(place)")
                passed.formUnion(run.passed)
                for found in run.passed.subtracting(direct).subtracting(early) {
                    ways[found, default: []].append(place)
                }
            }
            for (index, (place, first)) in ways.sorted(by: { $0.key < $1.key }).enumerated() {
                // Some ways led there by chance; at least one always does.
                var deaths = 0
                for (number, way) in first.enumerated() where deaths < 2 {
                    deaths = try await journey.run(dyingAt: [way, place], round: "\(index)-\(number)").deaths
                }
                #expect(deaths == 2, "no journey came to \(place) again, by way of any of \(first)")
            }
            print(
                """
                crash points: \(direct.count) places to die, \(ways.count) on the way back, \
                \(start.duration(to: .now))
                """)
            let declared = DeclaredPlaces(stack: journey.stack)
            let missing = try await declared.missing(from: passed)
            #expect(missing == [])
            #expect(
                try await declared.calls()
                    == passed.count { $0.service == "order" && $0.name.hasPrefix("before call") })
        }
    }

    @Test(
        "killed while its store is first filled, a service starts again with complete data",
        arguments: early)
    func whileFilling(place: CrashPlace) async throws {
        try await withJourney(dyingAt: place) { journey in
            // If the service died while it started, `up` has already failed.
            guard await Heartline(port: try journey.stack.port(place.service)).untilDead() else { return }
            try journey.plans.write("", to: place.service)
            // A failed `up` left nothing running; after a successful one this is refused.
            try await journey.stack.up(environment: journey.environment)
            try await journey.stack.csp("start", place.service)
            _ = try await journey.run(dyingAt: [], round: "1")
        }
    }

    /// Starts a stack whose services die at the journey's places.
    private func withJourney(dyingAt place: CrashPlace? = nil, _ body: (CrashJourney) async throws -> Void)
        async throws
    {
        let plans = try TemporaryFolder()
        if let place { try plans.write(place.name, to: place.service) }
        let seeds = try TemporaryFolder()
        try seeds.write(CustomerJourney.products, to: "products.csv")
        try seeds.write(CustomerJourney.coupons, to: "coupons.csv")
        var environment = [
            "SEED_DIR": seeds.path, "ADMIN_TOKEN": "admin", "CRASH_AT": "@\(plans.path)",
            "CRASH_LIST": plans.path + "/passed",
            "CATALOGUE_REFRESH": "1s",
        ]
        // Work that a crash interrupted is resumed soon.
        for dependency in ["INVENTORY", "PAYMENT", "COUPON", "NOTIFICATION"] {
            environment["\(dependency)_BREAKER_OPEN"] = "20ms"
            environment["\(dependency)_BREAKER_LONGEST_OPEN"] = "100ms"
        }
        try await withSystemStack(environment: environment, expecting: place == nil ? 0 : nil) { stack in
            try await body(
                CrashJourney(
                    stack: stack, environment: environment, plans: plans, list: plans.path + "/passed"))
        }
        withExtendedLifetime((plans, seeds)) {}
    }
}
