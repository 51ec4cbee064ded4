import Contracts
import GRDB
import Storage
import TestSupport
import Testing

@testable import OrderService

@Suite("Orders in their table")
struct OrderTableTests {
    private static let now = Timestamp(milliseconds: 1_767_600_000_000)

    @Test("a status that can't follow can't be written", arguments: OrderStatus.allCases)
    func transitions(from: OrderStatus) async throws {
        let folder = try TemporaryFolder()
        let store = try Store(folder: folder.path, name: "order", migrations: OrderApplication.migrations)
        defer { store.close() }
        for to in OrderStatus.allCases {
            let begun = Order(id: "ord_\(to.rawValue)", request: request(), at: Self.now)
            try await store.write { database in
                _ = try OrderTable.insert(
                    database, begun, key: begun.id, request: JSON.encode(begun.request))
                try database.run(
                    "UPDATE orders SET status = ?, document = ?, progress = ? WHERE id = ?",
                    [from.rawValue, JSON.encode(begun.document), JSON.encode(begun.progress), begun.id])
            }
            var changed = begun
            changed.document.status = to
            let order = changed
            let write = { try await store.write { try OrderTable.save($0, order) } }
            let isLegal =
                from == to || from == .placing
                || (from == .accepted && (to == .confirmed || to == .cancelled))
            guard isLegal else {
                await #expect(throws: IllegalTransition.self, "\(from) to \(to)") { try await write() }
                continue
            }
            #expect(try await write().version == begun.version + 1, "\(from) to \(to)")
        }
    }

    @Test("of two that save over the same version, the second learns that it came too late")
    func versions() async throws {
        let folder = try TemporaryFolder()
        let store = try Store(folder: folder.path, name: "order", migrations: OrderApplication.migrations)
        defer { store.close() }
        let order = Order(id: "ord_1", request: request(), at: Self.now)
        try await store.write {
            _ = try OrderTable.insert($0, order, key: "k", request: JSON.encode(order.request))
        }
        let saved = try await store.write { try OrderTable.save($0, order) }
        await #expect(throws: OrderChanged.self) { try await store.write { try OrderTable.save($0, order) } }
        _ = try await store.write { try OrderTable.save($0, saved) }
    }
}
