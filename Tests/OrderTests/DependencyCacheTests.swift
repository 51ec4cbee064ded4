import Contracts
import Resilience
import Storage
import TestSupport
import Testing

@testable import OrderService

@Suite("The fallback cache of a dependency", .timeLimit(.minutes(10)))
struct DependencyCacheTests {
    private static func coupon(_ code: String, amountOff: Int = 1) -> Coupon {
        Coupon(
            code: code, amountOff: amountOff, currency: "USD", limitPerCustomer: 1, eligibleSkus: ["A"],
            validUntil: nil,
            offline: true)
    }

    private func withKnown(_ body: (DependencyCache<Coupon>, ManualTime) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let store = try Store(folder: folder.path, name: "order", migrations: OrderApplication.migrations)
        defer { store.close() }
        let time = ManualTime()
        let known = try DependencyCache<Coupon>(
            .coupons, store: store, maximumAge: .seconds(60), time: time.source, wall: { Timestamp.now() }
        ) { $0.code }
        try await body(known, time)
        withExtendedLifetime(folder) {}
    }

    @Test("returns a value with its age, and none that is too old")
    func age() async throws {
        try await withKnown { known, time in
            known.store(Self.coupon("ONE"))
            time.advance(by: .seconds(60))
            #expect(known.lookup("ONE")?.age == .seconds(60))
            time.advance(by: .milliseconds(1))
            #expect(known.lookup("ONE") == nil)
        }
    }

    @Test("a refresh adds new values, renews existing ones, and removes missing ones")
    func refresh() async throws {
        try await withKnown { known, time in
            for code in ["GONE", "OLD"] { known.store(Self.coupon(code)) }
            time.advance(by: .seconds(30))
            let isRead = await known.refresh { cursor in
                cursor == nil
                    ? Page(items: [Self.coupon("NEW")], nextCursor: "next")
                    : Page(items: [Self.coupon("OLD", amountOff: 2)])
            }
            #expect(isRead)
            #expect(known.lookup("NEW") != nil && known.lookup("GONE") == nil)
            #expect(known.lookup("OLD")?.value.amountOff == 2 && known.lookup("OLD")?.age == .zero)
        }
    }

    @Test("a refreshed list is on disk at once, and survives a crash")
    func kept() async throws {
        let folder = try TemporaryFolder()
        let store = try Store(folder: folder.path, name: "order", migrations: OrderApplication.migrations)
        defer { store.close() }
        func known() throws -> DependencyCache<Coupon> {
            try DependencyCache(
                .coupons, store: store, maximumAge: .seconds(60), time: ManualTime().source,
                wall: { Timestamp.now() }
            ) { $0.code }
        }
        let (before, after) = (try known(), try known())
        #expect(await before.refresh { _ in Page(items: [Self.coupon("ONE"), Self.coupon("TWO")]) })
        #expect(await after.load() == 2)
        withExtendedLifetime(folder) {}
    }

    @Test("a truncated list and an empty one remove nothing")
    func unfinished() async throws {
        try await withKnown { known, _ in
            known.store(Self.coupon("KEPT"))
            let isRead = await known.refresh { cursor in
                cursor == nil ? Page(items: [Self.coupon("NEW")], nextCursor: "next") : nil
            }
            #expect(!isRead && known.lookup("KEPT") != nil && known.lookup("NEW") != nil)
            #expect(await known.refresh { _ in Page(items: []) })
            #expect(known.lookup("KEPT") != nil)
        }
    }
}
