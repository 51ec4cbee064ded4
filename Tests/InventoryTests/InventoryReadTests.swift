import TestSupport
import Testing

@Suite("What the inventory service reads", .timeLimit(.minutes(10)))
struct InventoryReadTests {
    @Test("no read costs more in a larger store")
    func plans() async throws {
        try await withInventory(["A": 5]) { service in
            let costly = try await service.costlyReads()
            #expect(costly.isEmpty)
        }
    }
}
