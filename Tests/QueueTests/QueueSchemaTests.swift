import GRDB
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Schema", .timeLimit(.minutes(10)))
struct QueueSchemaTests {
    /// A legal row of each state; a test changes one column.
    private static let waiting = [
        "lane": "'lane'", "kind": "'kind'", "key": "'a'", "payload": "x''", "priority": "0", "ordered": "0",
        "state": "'waiting'", "due_at": "1", "wait_ms": "0", "owner": "NULL", "attempt": "0", "tries": "0",
        "failures": "0",
        "reason": "NULL", "created_at": "0",
    ]
    private static let legal: [String: [String: String]] = [
        "waiting": waiting,
        "leased": waiting.merging(["state": "'leased'", "owner": "7", "attempt": "1"]) { $1 },
        "blocked": waiting.merging(["state": "'blocked'", "due_at": "NULL", "ordered": "1"]) { $1 },
        "dead": waiting.merging(["state": "'dead'", "due_at": "NULL", "tries": "5", "reason": "'409'"]) {
            $1
        },
    ]

    private static func insert(_ database: Database, _ row: [String: String]) throws {
        let columns = row.sorted { $0.key < $1.key }
        try database.execute(
            sql: """
                INSERT INTO queue (\(columns.map(\.key).joined(separator: ", ")))
                VALUES (\(columns.map(\.value).joined(separator: ", ")))
                """)
    }

    @Test("the four states are legal", arguments: ["waiting", "leased", "blocked", "dead"])
    func states(_ state: String) async throws {
        let bench = try QueueBench()
        try await bench.store.write { try Self.insert($0, try #require(Self.legal[state])) }
        #expect(try await bench.count("SELECT count(*) FROM queue") == 1)
        bench.store.close()
    }

    @Test(
        "no mixture of them is",
        arguments: [
            ("waiting", "state", "'ready'"), ("waiting", "due_at", "NULL"), ("waiting", "owner", "7"),
            ("leased", "owner", "NULL"), ("leased", "due_at", "NULL"), ("leased", "attempt", "0"),
            ("blocked", "due_at", "1"), ("blocked", "owner", "7"), ("blocked", "ordered", "0"),
            ("dead", "due_at", "1"), ("dead", "owner", "7"), ("dead", "reason", "NULL"),
            ("dead", "tries", "0"),
            ("waiting", "priority", "4"), ("waiting", "priority", "-1"), ("waiting", "ordered", "2"),
            ("waiting", "attempt", "-1"), ("waiting", "tries", "-1"), ("waiting", "failures", "-1"),
            ("waiting", "wait_ms", "-1"), ("waiting", "due_at", "'soon'"), ("waiting", "key", "NULL"),
        ])
    func mixtures(_ state: String, _ column: String, _ value: String) async throws {
        let bench = try QueueBench()
        let row = try #require(Self.legal[state]).merging([column: value]) { $1 }
        let error = await #expect(throws: DatabaseError.self) {
            try await bench.store.write { try Self.insert($0, row) }
        }
        #expect(error?.resultCode == .SQLITE_CONSTRAINT)
        bench.store.close()
    }

    @Test("two ordered messages of one lane and key can't both be on their way, nor two of one kind be there")
    func uniqueness() async throws {
        let bench = try QueueBench()
        let first = Self.waiting.merging(["ordered": "1"]) { $1 }
        try await bench.store.write { try Self.insert($0, first) }
        for second in [["ordered": "1", "kind": "'other'"], ["due_at": "2"]] {
            let row = Self.waiting.merging(second) { $1 }
            await #expect(throws: DatabaseError.self) {
                try await bench.store.write { try Self.insert($0, row) }
            }
        }
        bench.store.close()
    }

    @Test("claims, the next due time and the turn are found by searching indexes: no scan, no sorting")
    func plans() async throws {
        let bench = try QueueBench()
        let claim: StatementArguments = ["lane": "lane", "now": 1, "limit": 1, "owner": 1, "end": 1]
        let statements: [(String, StatementArguments)] = [
            (LaneClaims.claimSQL, claim), (LaneClaims.nextDueSQL, ["lane": "lane"]),
            (LaneOrder.isTakenSQL, ["lane", "a"]), (LaneOrder.releaseNextSQL, [1, 1, "lane", "a"]),
            (DurableQueue.deadLettersSQL, [0, 1]),
        ]
        for (sql, arguments) in statements {
            let steps = try await bench.store.read { database in
                try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map {
                    $0["detail"] as String
                }
            }
            #expect(steps.contains { $0.hasPrefix("SEARCH queue USING") }, "\(sql)")
            #expect(!steps.contains { $0.hasPrefix("SCAN queue") || $0.contains("TEMP B-TREE") }, "\(steps)")
        }
        bench.store.close()
    }
}
