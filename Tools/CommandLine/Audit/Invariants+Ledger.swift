import Contracts

/// Invariant 3, for each currency. Sums have 128 bits, so that no balance of 64 makes the audit itself fail.
extension Snapshot {
    var ledgerViolations: [Violation] {
        let currencies = Set(ledger.accounts.map(\.currency)).union(ledger.totals.keys).union(
            payments.map(\.currency))
        return currencies.sorted().flatMap { currency -> [Violation] in
            let accounts = ledger.accounts.filter { $0.currency == currency }
            var found: [Violation] = []
            let sum = accounts.reduce(Int128(0)) { $0 + Int128($1.balance) }
            let said = ledger.totals[currency] ?? 0
            if said != 0 || sum != 0 {
                found.append(Violation("ledger", "sums to \(sum) \(currency) and says \(said), not 0"))
            }
            let cash = accounts.filter { $0.account == "cash" }.reduce(Int128(0)) { $0 + Int128($1.balance) }
            let kept = payments.filter { $0.currency == currency }.reduce(Int128(0)) {
                $0 + Int128($1.amount) - Int128($1.refunded)
            }
            if cash != kept {
                found.append(
                    Violation("cash", "is \(cash) \(currency), but captured less refunded is \(kept)"))
            }
            return found
        }
    }
}
