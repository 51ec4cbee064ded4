package import Storage

extension DurableQueue {
    /// A message is in exactly one of four states; the constraints allow no mixture of them:
    ///
    /// - `waiting`: from `due_at` on it may be claimed (ready), before that not (delayed).
    /// - `leased`: `owner` delivers it until `due_at`, the lease's end. From then on any worker may claim it.
    /// - `blocked`: ordered, and an earlier one of its lane and key is still there. At most one ordered
    ///   message of a lane and key is waiting or leased (`queue_turn`).
    /// - `dead`: given up, for a reason.
    ///
    /// `attempt` counts the claims and never goes back; with `AUTOINCREMENT` no id is used twice. So (id,
    /// owner, attempt) names one claim for ever, and a settlement that comes late hits nothing else.
    /// `wait_ms` is how long it was last postponed: a wall clock that was set back between two runs makes no
    /// message wait longer. All times are milliseconds of ``QueueClock``.
    package static let migration = Store.Migration(
        "queue-1",
        """
        CREATE TABLE queue (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            lane TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            payload BLOB NOT NULL,
            priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
            ordered INTEGER NOT NULL CHECK (ordered IN (0, 1)),
            state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'blocked', 'dead')),
            due_at INTEGER CHECK ((due_at IS NOT NULL) = (state IN ('waiting', 'leased'))),
            wait_ms INTEGER NOT NULL CHECK (wait_ms >= 0),
            owner INTEGER CHECK ((owner IS NOT NULL) = (state = 'leased')),
            attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= (state = 'leased')),
            tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= (state = 'dead')),
            failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
            reason TEXT CHECK (reason IS NOT NULL OR state <> 'dead'),
            created_at INTEGER NOT NULL,
            CHECK (ordered = 1 OR state <> 'blocked')
        ) STRICT;
        CREATE INDEX queue_due ON queue (lane, priority, due_at) WHERE due_at IS NOT NULL;
        CREATE UNIQUE INDEX queue_key ON queue (key, kind);
        CREATE UNIQUE INDEX queue_turn ON queue (lane, key) WHERE ordered = 1 AND due_at IS NOT NULL;
        CREATE INDEX queue_blocked ON queue (lane, key) WHERE state = 'blocked';
        CREATE INDEX queue_dead ON queue (id) WHERE state = 'dead';
        CREATE TABLE seen (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX seen_at ON seen (at);
        """
    )

    /// The trace of what added a message: see ``Message/trace``.
    package static let traces = Store.Migration(
        "queue-traces-1", "ALTER TABLE queue ADD COLUMN trace TEXT;")
}
