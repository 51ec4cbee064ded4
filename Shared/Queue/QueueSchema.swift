package import Storage

extension DurableQueue {
    /// `due_at` is the moment from which a message may be claimed; claiming moves it to the lease's end, so that a lease
    /// that runs out needs nobody to notice. All times are wall-clock milliseconds.
    package static let migration = Store.Migration(
        "queue-1",
        """
        CREATE TABLE queue (
            id INTEGER PRIMARY KEY,
            lane TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            payload BLOB NOT NULL,
            due_at INTEGER NOT NULL,
            lease INTEGER,
            tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
            failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
            dead INTEGER NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
            reason TEXT,
            created_at INTEGER NOT NULL,
            CHECK (dead = 0 OR (lease IS NULL AND reason IS NOT NULL))
        ) STRICT;
        CREATE INDEX queue_due ON queue (lane, due_at) WHERE dead = 0;
        CREATE UNIQUE INDEX queue_key ON queue (key, kind);
        """
    )
}
