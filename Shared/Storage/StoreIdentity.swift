package import Contracts
import Foundation
package import GRDB
import Mutants

/// What a store records about itself: its mark, in a row that every commit counts up.
package struct StoreIdentity: Equatable {
    static let migration = Store.Migration(
        "store-identity",
        """
        CREATE TABLE store_identity (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            id TEXT NOT NULL,
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            commits INTEGER NOT NULL CHECK (commits >= 0),
            committed_at INTEGER NOT NULL,
            is_copy INTEGER NOT NULL CHECK (is_copy IN (0, 1))
        ) STRICT
        """)

    package var mark: StoreMark
    /// Of the last commit.
    var committedAt: Timestamp
    /// Whether this is a backup that hasn't been opened as a store yet.
    package var isCopy: Bool

    /// Nil: the store is new, or from before stores had an identity.
    package init?(in database: Database) throws {
        guard try database.tableExists("store_identity"),
            let row = try Row.fetchOne(database, sql: "SELECT * FROM store_identity")
        else { return nil }
        mark = StoreMark(id: row["id"], epoch: row["epoch"], commits: row["commits"])
        committedAt = Timestamp(milliseconds: row["committed_at"])
        isCopy = row["is_copy"]
    }

    /// The mark that a store is opened with.
    ///
    /// - Parameters:
    ///   - held: what the store says; nil where there is none.
    ///   - known: what its counter file says; nil where it says nothing.
    ///   - path: of the store; its counter file is beside it.
    /// - Throws: ``StoreError/lost(path:reason:)`` where something is missing and that isn't accepted.
    package static func opened(
        _ held: StoreIdentity?, known: StoreMark?, path: String, counter: String, acceptingLoss: Bool
    ) throws(StoreError) -> StoreMark {
        guard acceptingLoss else {
            if let reason = loss(held, known: known, counter: counter), !Mutant.isOn(.startsWhateverWasLost) {
                throw .lost(path: path, reason: reason)
            }
            return held?.mark ?? known ?? StoreMark(id: newId())
        }
        // The epoch is a time, so that it is later than all before it, on every branch of the store's
        // history.
        var mark = held?.mark ?? StoreMark(id: known?.id ?? newId())
        mark.epoch = max(Timestamp.now().milliseconds, mark.epoch + 1, (known?.epoch ?? 0) + 1)
        return mark
    }

    /// What is missing, in words; nil if nothing is.
    private static func loss(_ held: StoreIdentity?, known: StoreMark?, counter: String) -> String? {
        switch (held, known) {
        case (nil, nil): return nil
        case (nil, let known?):
            return known.commits == 0
                ? nil : "nothing is in it of store \(known.id): \(missing(known.commits))"
        case (let held?, nil):
            // A backup comes without a counter.
            return held.isCopy
                ? nil : "nothing tells whether it is whole, since \(counter) is missing or damaged"
        case (let held?, let known?):
            guard held.mark.id == known.id else {
                return "it is another store (\(held.mark.id)) than \(known.id), which was here"
            }
            guard held.mark.lacks(known) else { return nil }
            let lost =
                held.mark.epoch == known.epoch
                ? missing(known.commits - held.mark.commits) : "a later loss was accepted"
            return """
                store \(known.id) ends at \(held.committedAt), with commit \(held.mark.commits): \
                \(lost) since then
                """
        }
    }

    private static func missing(_ commits: Int64) -> String {
        commits == 1 ? "1 commit is missing" : "\(commits) commits are missing"
    }

    private static func newId() -> String { UUID().uuidString.lowercased() }

    package static func write(_ mark: StoreMark, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO store_identity VALUES (1, ?, ?, ?, ?, 0)",
            arguments: [mark.id, mark.epoch, mark.commits, Timestamp.now().milliseconds])
    }

    package static func count(_ commits: Int64, in database: Database) throws {
        try database.run(
            "UPDATE store_identity SET commits = ?, committed_at = ?",
            [commits, Timestamp.now().milliseconds])
    }

    static func markAsCopy(in database: Database) throws {
        if try database.tableExists("store_identity") {
            try database.execute(sql: "UPDATE store_identity SET is_copy = 1")
        }
    }
}
