import GRDB
import Mutants
import Storage

/// Which epoch of the store order was last gone through for.
enum ReconciliationTable {
    /// The epoch of the store in which it was last known to be complete.
    static let migration = Store.Migration(
        "reconciliation-1",
        """
        CREATE TABLE reconciliation (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            epoch INTEGER NOT NULL
        ) STRICT;
        INSERT INTO reconciliation VALUES (1, 0)
        """
    )

    /// Whether redemptions may be missing: a loss was accepted since they were last known to be complete.
    static func isPending(_ database: Database, epoch: Int64) throws -> Bool {
        try database.row("SELECT epoch FROM reconciliation")?[0] != epoch
            && !Mutant.isOn(.couponForgetsThatItForgot)
    }

    static func complete(_ database: Database, epoch: Int64) throws {
        try database.run("UPDATE reconciliation SET epoch = ?", [epoch])
    }
}
