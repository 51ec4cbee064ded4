import Contracts
import GRDB
import Storage

/// An order id has one row, whatever is retried. A row with amount 0 is a tombstone: the order was voided
/// before anything was captured for it; it is no payment and isn't listed.
enum PaymentTable {
    static let migration = Store.Migration(
        "payments-1",
        """
        CREATE TABLE payments (
            id TEXT NOT NULL PRIMARY KEY,
            order_id TEXT NOT NULL UNIQUE,
            customer_id TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('captured', 'voided')),
            amount INTEGER NOT NULL CHECK (amount >= 0),
            currency TEXT NOT NULL,
            refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
            token TEXT NOT NULL,
            idempotency_key TEXT UNIQUE,
            created_at INTEGER NOT NULL,
            CHECK (status = 'captured' OR refunded = amount),
            CHECK (status = 'voided' OR amount > 0)
        ) STRICT;
        CREATE TABLE refunds (
            id TEXT NOT NULL PRIMARY KEY,
            payment_id TEXT NOT NULL REFERENCES payments (id),
            idempotency_key TEXT UNIQUE,
            amount INTEGER NOT NULL CHECK (amount > 0),
            reason TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX refunds_payment ON refunds (payment_id);
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY,
            payment_id TEXT NOT NULL,
            account TEXT NOT NULL CHECK (account IN ('cash', 'sales', 'refunds')),
            amount INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE declines (
            idempotency_key TEXT NOT NULL PRIMARY KEY,
            order_id TEXT NOT NULL,
            customer_id TEXT NOT NULL,
            amount INTEGER NOT NULL,
            currency TEXT NOT NULL,
            token TEXT NOT NULL,
            reason TEXT NOT NULL
        ) STRICT;
        """
    )

    /// A payment, and what only this service knows of it.
    struct Record {
        var payment: Payment
        var token: String
    }

    private static let select = """
        SELECT id, order_id, customer_id, status, amount, currency, refunded, token, created_at FROM payments
        """

    static func record(_ database: Database, orderId: String) throws -> Record? {
        try record(database, where: "order_id = ?", orderId)
    }

    static func record(_ database: Database, key: String) throws -> Record? {
        try record(database, where: "idempotency_key = ?", key)
    }

    static func record(_ database: Database, id: String) throws -> Record? {
        try record(database, where: "amount > 0 AND id = ?", id)
    }

    private static func record(_ database: Database, where condition: String, _ value: String) throws
        -> Record?
    {
        try database.row("\(select) WHERE \(condition)", [value]).map { try record(database, $0) }
    }

    /// Oldest first; tombstones left out.
    static func list(_ store: Store, orderId: String?) -> KeysetList {
        KeysetList(store, select, by: "id", where: ["order_id = ?": orderId, "amount > ?": 0]) {
            .json(try record($0, $1).payment)
        }
    }

    private static func record(_ database: Database, _ row: Row) throws -> Record {
        let (id, refunded): (String, Int) = (row[0], row[6])
        return Record(
            payment: Payment(
                id: id, orderId: row[1], customerId: row[2], status: try row.choice(3), amount: row[4],
                currency: row[5], refunded: refunded,
                refunds: refunded > 0 ? try refunds(database, paymentId: id) : [], createdAt: row[8]),
            token: row[7])
    }

    private static func refunds(_ database: Database, paymentId: String) throws -> [Refund] {
        try database.rows(
            "SELECT id, amount, reason, at FROM refunds WHERE payment_id = ? ORDER BY rowid", [paymentId]
        ).map { Refund(id: $0[0], amount: $0[1], reason: $0[2], at: $0[3]) }
    }

    static func insert(_ database: Database, _ payment: Payment, token: String, key: String?) throws {
        try database.run(
            """
            INSERT INTO payments
            (id, order_id, customer_id, status, amount, currency, token, idempotency_key, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                payment.id, payment.orderId, payment.customerId, payment.status.rawValue, payment.amount,
                payment.currency, token, key, payment.createdAt,
            ])
        if payment.amount > 0 {
            try LedgerTable.book(
                database, payment.id, to: .cash, from: .sales, payment.amount, payment.currency)
        }
    }

    static func refund(_ database: Database, _ payment: Payment, _ refund: Refund, key: String?) throws {
        try database.run(
            """
            INSERT INTO refunds (id, payment_id, idempotency_key, amount, reason, at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [refund.id, payment.id, key, refund.amount, refund.reason, refund.at])
        try database.run(
            "UPDATE payments SET refunded = refunded + ? WHERE id = ?", [refund.amount, payment.id])
        try LedgerTable.book(database, payment.id, to: .refunds, from: .cash, refund.amount, payment.currency)
    }

    static func void(_ database: Database, paymentId: String) throws {
        try database.run("UPDATE payments SET status = 'voided' WHERE id = ?", [paymentId])
    }

    static func refund(_ database: Database, key: String) throws -> (
        paymentId: String, amount: Int, reason: String
    )? {
        try database.row("SELECT payment_id, amount, reason FROM refunds WHERE idempotency_key = ?", [key])
            .map { ($0[0], $0[1], $0[2]) }
    }

    /// A refused request, kept so that its key gets the same refusal again.
    static func decline(_ database: Database, key: String) throws -> (
        request: PaymentRequest, reason: String
    )? {
        try database.row(
            """
            SELECT order_id, customer_id, amount, currency, token, reason FROM declines
            WHERE idempotency_key = ?
            """, [key]
        ).map {
            let request = PaymentRequest(
                orderId: $0[0], customerId: $0[1], amount: $0[2], currency: $0[3], token: $0[4])
            return (request, $0[5])
        }
    }

    static func insert(_ database: Database, declined request: PaymentRequest, _ reason: String, key: String)
        throws
    {
        try database.run(
            """
            INSERT INTO declines (idempotency_key, order_id, customer_id, amount, currency, token, reason)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                key, request.orderId, request.customerId, request.amount, request.currency, request.token,
                reason,
            ])
    }
}
