import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// Every named place of every service is a place to die: the process is killed there and started again; when
/// all is drained, the books are clean and every customer who sent a key again has the one order.
///
/// The places are written down nowhere: a journey writes down those that it passes, and one that begins with
/// a death adds what only recovery passes. A new commit, call or answer is found by itself.
@Suite("Crash points", .timeLimit(.minutes(20)), .serialized)
struct CrashPointTests {
    /// Passed once in the life of a data folder, or nearly so: each has a folder of its own to die in.
    private static let early = [
        CrashPlace(service: "coupon", name: "before commit seeds"),
        CrashPlace(service: "coupon", name: "after commit seeds"),
        CrashPlace(service: "inventory", name: "before commit seeds"),
        CrashPlace(service: "inventory", name: "after commit seeds"),
        CrashPlace(service: "order", name: "before commit last known"),
        CrashPlace(service: "order", name: "after commit last known"),
    ]

    @Test("killed at any of them, a service recovers, and nothing is lost or done twice")
    func everywhere() async throws {
        try await withJourney { journey in
            let start = ContinuousClock.now
            let early = Set(Self.early)
            let direct = try await journey.run(dyingAt: [], round: "0").passed.subtracting(early)
            var passed = direct.union(early)
            // What only recovery comes to is come to by dying elsewhere first.
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
                // Some came there by luck; one way at least always leads there.
                var deaths = 0
                for (number, way) in first.enumerated() where deaths < 2 {
                    deaths = try await journey.run(dyingAt: [way, place], round: "\(index)-\(number)").deaths
                }
                #expect(deaths == 2, "no journey came to \(place) again, by way of any of \(first)")
            }
            print(
                "crash points: \(direct.count) places to die, \(ways.count) on the way back, \(start.duration(to: .now))"
            )
            let declared = DeclaredPlaces(stack: journey.stack)
            let missing = try await declared.missing(from: passed)
            #expect(missing == [])
            #expect(
                try await declared.calls()
                    == passed.count { $0.service == "order" && $0.name.hasPrefix("before call") })
        }
    }

    @Test(
        "killed while its store is filled for the first time, a service starts again with all that belongs in it",
        arguments: early)
    func whileFilling(place: CrashPlace) async throws {
        try await withJourney(dyingAt: place) { journey in
            // A service that died while it started has ended that `up` with an error already.
            guard await Heartline(port: try journey.stack.port(place.service)).untilDead() else { return }
            try journey.plans.write("", to: place.service)
            // An `up` that failed has left nothing running; after one that didn't, this one is refused.
            try await journey.stack.up(environment: journey.environment)
            try await journey.stack.csp("start", place.service)
            _ = try await journey.run(dyingAt: [], round: "1")
        }
    }

    /// Brings a stack up whose services die where the journey says.
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
        // What a crash interrupts is soon taken up again.
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
