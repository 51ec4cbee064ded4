import Contracts
import GRDB
import Mutants
import Storage

/// Double entry: every movement is written twice, with opposite signs, and added to a balance of its account
/// and currency.
enum LedgerTable {
    enum Account: String, CaseIterable { case cash, refunds, sales }

    static let migration = Store.Migration(
        "balances-1",
        """
        CREATE TABLE balances (
            account TEXT NOT NULL CHECK (account IN ('cash', 'sales', 'refunds')),
            currency TEXT NOT NULL,
            balance INTEGER NOT NULL,
            PRIMARY KEY (currency, account)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO balances (account, currency, balance)
            SELECT account, currency, sum(entries.amount) \
        FROM entries JOIN payments ON payments.id = payment_id
            GROUP BY account, currency;
        """
    )

    /// - Throws: 409 `ledger-full` where a balance would need more than 64 bits. Only a capture can meet
    ///   that: what is captured can be refunded, since no account holds more than all captures together.
    static func book(
        _ database: Database, _ paymentId: String, to: Account, from: Account, _ amount: Int,
        _ currency: String
    ) throws {
        let currency = Mutant.isOn(.paymentMixesCurrencies) ? "USD" : currency
        for (account, change) in [(to, amount), (from, -amount)] {
            let balance: Int =
                try database.row(
                    "SELECT balance FROM balances WHERE currency = ? AND account = ?",
                    [currency, account.rawValue])?[0] ?? 0
            let (changed, overflows) = balance.addingReportingOverflow(change)
            guard !overflows else { throw PaymentError.ledgerFull(currency: currency) }
            try database.run(
                """
                INSERT INTO balances (account, currency, balance) VALUES (?, ?, ?)
                ON CONFLICT (currency, account) DO UPDATE SET balance = excluded.balance
                """,
                [account.rawValue, currency, changed])
            try database.run(
                "INSERT INTO entries (payment_id, account, amount) VALUES (?, ?, ?)",
                [paymentId, account.rawValue, change])
        }
    }

    static func ledger(_ database: Database) throws -> Ledger {
        let balances: [String: [String: Int]] = try database.rows(
            "SELECT currency, account, balance FROM balances"
        )
        .reduce(into: [:]) { $0[$1[0], default: [:]][$1[1]] = $1[2] }
        let accounts = balances.sorted { $0.key < $1.key }.flatMap { currency, balances in
            Account.allCases.map {
                Ledger.Account(account: $0.rawValue, currency: currency, balance: balances[$0.rawValue] ?? 0)
            }
        }
        return Ledger(accounts: accounts, totals: balances.mapValues { $0.values.reduce(0, &+) })
    }
}
