import Runtime
import Storage
import Testing

@Suite("Migrations")
struct MigrationTests {
    /// Each store's migrations in order, with a hash of their SQL. A store runs each migration once, so an
    /// edit would give new stores another schema under the same name.
    private static let released: [String: [String]] = [
        "order": [
            "orders-1 3b1a9dffc71c88ed",
            "promises-1 92239d60e05ca627",
            "coupon-uses-1 6adcf4e9062d7630",
            "catalogue-1 a5b6c690d43fade6",
            "known-coupons-1 b401bba4d12aa9e8",
            "queue-1 9f023757e5dc7b12",
            "order-lanes-2 11c4769a94ca097c",
            "coupon-uses-2 bb127033a83ce7f8",
            "refunds-1 b9403c5bf6bae2ed",
            "order-lists-1 4b56b98dd852e1",
            "queue-counts-1 8f8ebe2540b232c8",
            "order-retention-1 e9e0334b2dd779d3",
            "coupon-uses-3 63b6432f70b64d49",
            "order-transitions-1 288fec788fe416e1",
            "queue-traces-1 4b5dd8334bd88f66",
            "order-degraded-1 8e8fd98976c5c50c",
        ],
        "payment": [
            "payments-1 209a7d55f02af05a",
            "queue-1 9f023757e5dc7b12",
            "balances-1 c204886f1d21eebf",
            "queue-counts-1 8f8ebe2540b232c8",
            "queue-traces-1 4b5dd8334bd88f66",
        ],
        "coupon": [
            "coupons-1 ee9d88d4a731a21d",
            "queue-1 9f023757e5dc7b12",
            "redemption-lists-1 e67fc8f4ba2887b",
            "queue-counts-1 8f8ebe2540b232c8",
            "reconciliation-1 322759f214625ea2",
            "queue-traces-1 4b5dd8334bd88f66",
        ],
        "inventory": [
            "inventory-1 e9f37f9500827ed1",
            "queue-1 9f023757e5dc7b12",
            "returns-1 b2c746cce3a45474",
            "reservation-lists-1 3a7dc0a77ca10908",
            "queue-counts-1 8f8ebe2540b232c8",
            "queue-traces-1 4b5dd8334bd88f66",
        ],
        "notification": [
            "notifications-1 ef33a6e1230d11cb",
            "queue-1 9f023757e5dc7b12",
            "notification-lists-1 ff2d912eed1b087",
            "queue-counts-1 8f8ebe2540b232c8",
            "queue-traces-1 4b5dd8334bd88f66",
        ],
        "console": [
            "queue-1 9f023757e5dc7b12", "queue-counts-1 8f8ebe2540b232c8", "queue-traces-1 4b5dd8334bd88f66",
            "incidents-1 9ef2d39fb1792d03", "declared-path-1 94acdb7906289ca9",
        ],
    ]

    @Test("a released migration is never edited, moved or removed; new ones are at the end, and listed")
    func unedited() {
        for service in allServices {
            let released = Self.released[service.name] ?? []
            let current = service.migrations.map { "\($0.name) \(Self.hash($0.sql))" }
            #expect(
                Array(current.prefix(released.count)) == released,
                "\(service.name): undo the change, and add a migration that makes it")
            #expect(
                current.count <= released.count,
                "\(service.name): add \(current.dropFirst(released.count).joined(separator: ", "))"
            )
        }
    }

    /// FNV-1a, 64 bits.
    private static func hash(_ text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
