package import Storage

/// The number of messages, kept by triggers in the transaction that changes them: counting 130,000 messages
/// takes a quarter of a second.
extension DurableQueue {
    /// `open` is waiting or leased: which of the two, and whether it is due, changes too often to be counted
    /// here. By lane and priority as well, which is how `queue_due` finds those that aren't due.
    package static let counts = Store.Migration(
        "queue-counts-1",
        """
        CREATE TABLE queue_counts (
            lane TEXT NOT NULL,
            priority INTEGER NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('open', 'blocked', 'dead')),
            messages INTEGER NOT NULL CHECK (messages >= 0),
            PRIMARY KEY (lane, priority, kind, state)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO queue_counts (lane, priority, kind, state, messages)
            SELECT lane, priority, kind, iif(due_at IS NULL, state, 'open'), count(*) FROM queue \
        GROUP BY 1, 2, 3, 4;
        CREATE TRIGGER queue_counts_added AFTER INSERT ON queue BEGIN
            INSERT INTO queue_counts (lane, priority, kind, state, messages)
                VALUES (new.lane, new.priority, new.kind, iif(new.due_at IS NULL, new.state, 'open'), 1)
                ON CONFLICT DO UPDATE SET messages = messages + 1;
        END;
        CREATE TRIGGER queue_counts_removed AFTER DELETE ON queue BEGIN
            UPDATE queue_counts SET messages = messages - 1
                WHERE lane = old.lane AND priority = old.priority AND kind = old.kind
                AND state = iif(old.due_at IS NULL, old.state, 'open');
        END;
        CREATE TRIGGER queue_counts_moved AFTER UPDATE OF state ON queue
        WHEN iif(old.due_at IS NULL, old.state, 'open') <> iif(new.due_at IS NULL, new.state, 'open')
        BEGIN
            UPDATE queue_counts SET messages = messages - 1
                WHERE lane = old.lane AND priority = old.priority AND kind = old.kind
                AND state = iif(old.due_at IS NULL, old.state, 'open');
            INSERT INTO queue_counts (lane, priority, kind, state, messages)
                VALUES (new.lane, new.priority, new.kind, iif(new.due_at IS NULL, new.state, 'open'), 1)
                ON CONFLICT DO UPDATE SET messages = messages + 1;
        END;
        """
    )
}
