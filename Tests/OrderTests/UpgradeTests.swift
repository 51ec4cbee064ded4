import Contracts
import Foundation
import GRDB
import Runtime
import Storage
import TestSupport
import Testing

@testable import OrderService

/// The store of an earlier version: the first migrations of a service, and rows in its tables.
/// ``MigrationTests`` ensures that these migrations are unchanged.
struct EarlierStore: Sendable, CustomStringConvertible {
    let service: String
    /// All current migrations.
    let migrations: [Store.Migration]
    /// How many of them the earlier version had.
    let count: Int

    var description: String { "\(service) as of \(migrations[count - 1].name)" }

    static let all = allServices.flatMap { service in
        (1...service.migrations.count).map {
            EarlierStore(service: service.name, migrations: service.migrations, count: $0)
        }
    }

    static let request =
        #"{"customerId":"H1","items":[{"sku":"APPLE","quantity":2}],"payment":{"token":"tok_ok"}}"#

    /// Rows by the migration that made their table.
    private static let rows = [
        "orders-1": """
        INSERT INTO orders (id, idempotency_key, status, customer_id, created_at, request)
        VALUES ('ord_1', 'key-1', 'placing', 'H1', \(Timestamp.now().milliseconds),
            CAST('\(request)' AS BLOB));
        """,
        "promises-1": "INSERT INTO promises (sku, order_id, quantity) VALUES ('APPLE', 'ord_1', 2);",
        "coupon-uses-1":
            "INSERT INTO coupon_uses (code, customer_id, order_id) VALUES ('OLD', 'H1', 'ord_1');",
        "catalogue-1":
            "INSERT INTO last_known_products (sku, product, known_at) VALUES ('APPLE', x'7b7d', 1);",
        "known-coupons-1":
            "INSERT INTO last_known_coupons (code, coupon, known_at) VALUES ('OLD', x'7b7d', 1);",
        "queue-1": """
        INSERT INTO queue (lane, kind, key, payload, priority, ordered, state, due_at, wait_ms, created_at)
        VALUES ('order', 'finish-order', 'ord_1', x'', 3, 0, 'waiting', 1, 0, 1),
        ('payment', 'void-payment', 'ord_0', x'', 3, 0, 'waiting', 1, 0, 1);
        """,
        "payments-1": """
        INSERT INTO payments (id, order_id, customer_id, status, amount, currency, token, created_at)
        VALUES ('pay_1', 'ord_1', 'H1', 'captured', 200, 'USD', 'tok_ok', 1);
        INSERT INTO entries (payment_id, account, amount)
        VALUES ('pay_1', 'cash', 200), ('pay_1', 'sales', -200);
        """,
        "coupons-1": """
        INSERT INTO coupons (code, amount_off, currency, limit_per_customer, eligible_skus, offline)
        VALUES ('OLD', 10, 'USD', 1, '["APPLE"]', 1);
        INSERT INTO redemptions (order_id, customer_id, code, discount, items, status, at)
        VALUES ('ord_1', 'H1', 'OLD', 10, x'5b5d', 'active', 1);
        """,
        "order-retention-1": "INSERT INTO deleted_goods (sku, quantity) VALUES ('APPLE', 1);",
        "inventory-1": """
        INSERT INTO products (sku, name, department, unit_price) VALUES ('APPLE', 'Apple', 'FRUIT', 100);
        INSERT INTO stock (sku, seeded, on_hand, reserved) VALUES ('APPLE', 10, 10, 2);
        INSERT INTO reservations (order_id, status, items, expires_at)
        VALUES ('ord_1', 'reserved', x'5b5d', 1);
        """,
        "returns-1": "INSERT INTO returns (id, order_id, items) VALUES ('ret_1', 'ord_1', x'5b5d');",
        "notifications-1": """
        INSERT INTO notifications (id, order_id, customer_id, kind, channel, status, at)
        VALUES ('ord_1:order-accepted', 'ord_1', 'H1', 'order-accepted', 'log', 'stored', 1);
        """,
        "incidents-1": """
        INSERT INTO incidents (id, status, cause, detected_at, resolved_at, is_counting, document)
        VALUES ('inc_1', 'resolved', 'payment', 1, 2, 0, x'7b7d');
        INSERT INTO alerts (fingerprint, incident_id, name, is_firing, starts_at)
        VALUES ('f1', 'inc_1', 'CriticalBreakerOpen', 0, 1);
        """,
        "declared-path-1": """
        INSERT INTO declared_path (caller, first_seen_at, dependencies) VALUES ('order', 1, x'5b5d');
        """,
    ]

    /// Without the current code, which also writes the store's identity.
    func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var migrator = DatabaseMigrator()
        for migration in migrations.prefix(count) {
            migrator.registerMigration(migration.name) {
                try $0.execute(sql: migration.sql + ";" + (Self.rows[migration.name] ?? ""))
            }
        }
        let database = try DatabaseQueue(path: folder + "/\(service).sqlite")
        try migrator.migrate(database)
        try database.close()
    }
}

@Suite("Upgrades", .timeLimit(.minutes(10)))
struct UpgradeTests {
    /// The number of rows by table.
    private static func rows(_ database: Database) throws -> [String: Int] {
        let tables = try String.fetchAll(
            database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")
        return try Dictionary(
            uniqueKeysWithValues: tables.map {
                ($0, try Int.fetchOne(database, sql: "SELECT count(*) FROM \($0)") ?? 0)
            })
    }

    private func schema(_ store: Store) async throws -> [String] {
        try await store.read {
            try String.fetchAll(
                $0,
                sql:
                    """
                    SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY \
                    type, name
                    """)
        }
    }

    @Test(
        "an earlier store opens, gets the schema of a new one, and keeps its rows",
        arguments: EarlierStore.all)
    func opens(earlier: EarlierStore) async throws {
        let (old, new) = (try TemporaryFolder(), try TemporaryFolder())
        try earlier.write(to: old.path)
        let before = try await DatabaseQueue(path: old.path + "/\(earlier.service).sqlite").read {
            try Self.rows($0)
        }
        let store = try Store(folder: old.path, name: earlier.service, migrations: earlier.migrations)
        let fresh = try Store(folder: new.path, name: earlier.service, migrations: earlier.migrations)
        defer {
            store.close()
            fresh.close()
        }
        let (upgraded, today) = (try await schema(store), try await schema(fresh))
        #expect(upgraded == today)
        let after = try await store.read { database in
            try database.checkForeignKeys()
            return try Self.rows(database)
        }
        for (table, count) in before where table != "grdb_migrations" {
            #expect(count > 0 || ["refunds", "declines", "seen"].contains(table), "\(table)")
            #expect(after[table] == count, "\(table)")
        }
    }

    @Test("migrations convert earlier rows: lanes by operation, given claims, balances by account")
    func changes() async throws {
        func first<Value: DatabaseValueConvertible & Sendable>(_ service: String, _ sql: String) async throws
            -> [Value]
        {
            let earlier = try #require(EarlierStore.all.last { $0.service == service })
            let folder = try TemporaryFolder()
            try EarlierStore(
                service: service, migrations: earlier.migrations, count: service == "order" ? 6 : 2
            )
            .write(to: folder.path)
            let store = try Store(folder: folder.path, name: service, migrations: earlier.migrations)
            defer { store.close() }
            return try await store.read { try Value.fetchAll($0, sql: sql) }
        }
        #expect(try await first("order", "SELECT lane FROM queue ORDER BY id") == ["order", "void"])
        #expect(try await first("order", "SELECT state FROM coupon_uses") == ["given"])
        #expect(try await first("payment", "SELECT balance FROM balances ORDER BY account") == [200, -200])
    }

    @Test("an order of an earlier version is finished by the current one")
    func finishes() async throws {
        let folder = try TemporaryFolder()
        try EarlierStore(service: "order", migrations: OrderApplication.migrations, count: 6).write(
            to: folder.path + "/data")
        try await withStack(folder: folder) { stack in
            let order = try await stack.until("ord_1") { $0.status.isTerminal }
            #expect(order.status == .confirmed && order.total == 200)
            try await stack.drained()
            let retry = try await stack.order.post("/orders", text: EarlierStore.request, key: "key-1")
            #expect(retry.status == 201 && retry.header("Idempotent-Replayed") == "true")
        }
    }
}
